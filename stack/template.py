"""The table of contents of the stack: calls the parts in reading order."""

from troposphere import AWS_NO_VALUE, If, Ref, Tags, Template
from troposphere.awslambda import EventSourceMapping

from stack.alarms import MonitoredResources
from stack.config import StackConfig
from stack.functions import add_functions
from stack.monitoring import add_monitoring
from stack.outputs import add_outputs
from stack.parameters import IN_GOVCLOUD, add_parameters
from stack.saved_queries import add_saved_queries
from stack.storage import add_storage
from stack.streams import add_streams
from stack.workflow import add_workflow


def build_template(config: StackConfig) -> Template:
    """The whole stack; the same configuration gives the same template."""
    template = Template(Description=f"Event pipeline {config.suffix}: DynamoDB streams, daily analytics, monitoring")
    parameters = add_parameters(template, config)
    storage = add_storage(template, config)
    functions = add_functions(template, config, parameters, storage)
    mappings = add_streams(template, config, storage, functions)
    workflow = add_workflow(template, config, functions)
    resources = MonitoredResources(storage, functions, mappings, workflow)
    monitoring = add_monitoring(template, config, parameters, resources)
    add_saved_queries(template, config, functions)
    add_outputs(template, config, storage, functions, workflow, monitoring)
    _tag_resources(template, config)
    return template


def _tag_resources(template: Template, config: StackConfig) -> None:
    """Tag all that can have tags, for cost allocation; in GovCloud a mapping cannot.

    Source: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/cost-alloc-tags.html
    """
    for resource in template.resources.values():
        if "Tags" in resource.props:
            tags = Tags(**config.tags)
            is_mapping = isinstance(resource, EventSourceMapping)
            resource.Tags = If(IN_GOVCLOUD, Ref(AWS_NO_VALUE), tags) if is_mapping else tags


def render(config: StackConfig) -> str:
    """The template as JSON text, sorted by name, ending in a newline."""
    return build_template(config).to_json(indent=2, sort_keys=True) + "\n"
