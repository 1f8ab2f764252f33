"""Which group of the architecture a resource is drawn in, judged by what flows to and from it."""

from build.diagram.graph import Graph, Kind, Resource

SOURCES = "Sources"
PROCESSING = "Processing"
WORKFLOW = "Workflow"
ANALYTICS = "Analytics"
FAILURES = "Failure handling"
MONITORING = "Monitoring"
OTHERS = "Others"

READING_ORDER = (SOURCES, WORKFLOW, PROCESSING, ANALYTICS, FAILURES, MONITORING, OTHERS)

MAPPING = "AWS::Lambda::EventSourceMapping"
STATE_MACHINE = "AWS::StepFunctions::StateMachine"
FUNCTION = "AWS::Lambda::Function"

BY_TYPE = {MAPPING: PROCESSING, STATE_MACHINE: WORKFLOW, "AWS::Events::Rule": WORKFLOW}
BY_SERVICE = {"CloudWatch": MONITORING, "SNS": MONITORING}
FED_BY = {STATE_MACHINE: WORKFLOW, MAPPING: PROCESSING, FUNCTION: ANALYTICS}


def group_of(graph: Graph, resource: Resource) -> str:
    """The group of a resource: by its own kind, else by what it receives, else by what it feeds."""
    own = BY_TYPE.get(resource.type) or BY_SERVICE.get(resource.service)
    if own:
        return own
    if graph.sources(resource.logical_id, Kind.FAILURE):
        return FAILURES
    feeders = {source.type for source in graph.sources(resource.logical_id, Kind.DATA)}
    fed = {target.type for target in graph.targets(resource.logical_id, Kind.DATA)}
    received = (group for feeder, group in FED_BY.items() if feeder in feeders)
    return next(received, SOURCES if MAPPING in fed else OTHERS)
