"""How the stack is watched: the topic that people subscribe to, the alarms that reach it, the dashboard."""

from collections.abc import Iterator
from dataclasses import dataclass

from troposphere import Ref, Template
from troposphere.awslambda import EventSourceMapping
from troposphere.cloudwatch import Dashboard
from troposphere.sns import SubscriptionResource, Topic, TopicPolicy

from stack.alarms import (
    AlarmDefinition,
    add_alarm,
    function_alarms,
    mapping_alarms,
    processor_alarms,
    schedule_alarms,
    table_alarms,
    workflow_alarms,
)
from stack.config import StackConfig
from stack.dashboard import Watched, add_dashboard
from stack.functions import Functions
from stack.parameters import HAS_ALERT_EMAIL, Parameters
from stack.policies import alarms_publish
from stack.storage import Storage
from stack.workflow import Workflow


@dataclass(frozen=True)
class Watching:
    """What monitoring looks at."""

    storage: Storage
    functions: Functions
    mappings: dict[str, EventSourceMapping]
    workflow: Workflow


@dataclass(frozen=True)
class Monitoring:
    """Where alarms go and where the graphs are."""

    alert_topic: Topic
    dashboard: Dashboard


def add_alert_topic(template: Template, config: StackConfig, parameters: Parameters) -> Topic:
    """Add the topic, its policy, and a subscription when an address is given."""
    topic = template.add_resource(
        Topic(
            "AlertTopic",
            TopicName=config.name("serverless-alerts"),
            DisplayName="Serverless Infrastructure Alerts",
        )
    )
    template.add_resource(TopicPolicy("AlertTopicPolicy", Topics=[topic.ref()], PolicyDocument=alarms_publish(topic)))
    template.add_resource(
        SubscriptionResource(
            "AlertEmailSubscription",
            Condition=HAS_ALERT_EMAIL,
            Endpoint=Ref(parameters.alert_email),
            Protocol="email",
            TopicArn=topic.ref(),
        )
    )
    return topic


def alarm_definitions(config: StackConfig, watching: Watching) -> Iterator[AlarmDefinition]:
    """Every alarm of the stack, along the way that data takes."""
    for function, resource in zip(config.functions, watching.functions.all(), strict=True):
        yield from function_alarms(function, resource)
    for source in config.sources:
        yield from processor_alarms(source, watching.functions.stream_processors[source.name])
        yield from mapping_alarms(source, watching.mappings[source.name])
    yield from workflow_alarms(watching.workflow.state_machine)
    yield from schedule_alarms(watching.workflow.rule)
    yield from table_alarms(watching.storage.analytics_table)


def add_monitoring(template: Template, config: StackConfig, parameters: Parameters, watching: Watching) -> Monitoring:
    """Add the topic, the alarms and the dashboard."""
    topic = add_alert_topic(template, config, parameters)
    alarms = [add_alarm(template, config, topic, alarm) for alarm in alarm_definitions(config, watching)]
    watched = Watched(
        functions=watching.functions.all(),
        stream_processors=list(watching.functions.stream_processors.values()),
        mappings=list(watching.mappings.values()),
        state_machine=watching.workflow.state_machine,
        analytics_table=watching.storage.analytics_table,
        alarms=alarms,
    )
    return Monitoring(topic, add_dashboard(template, config, watched))
