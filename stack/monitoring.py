"""Monitoring: the topic that people subscribe to, the alarms, of which the composite ones notify it, the dashboard."""

from dataclasses import dataclass

from troposphere import Ref, Template
from troposphere.cloudwatch import Dashboard
from troposphere.sns import SubscriptionResource, Topic, TopicPolicy

from stack.alarms import MonitoredResources, add_alarm, alarm_definitions
from stack.composite_alarms import add_composite_alarms
from stack.config import StackConfig
from stack.dashboard import add_dashboard
from stack.parameters import HAS_ALERT_EMAIL, KMS_KEY_ARN, Parameters, with_kms_key
from stack.policies import alarms_publish


@dataclass(frozen=True)
class Monitoring:
    """The topic that alarms notify, and the dashboard."""

    alert_topic: Topic
    dashboard: Dashboard


def _add_alert_topic(template: Template, config: StackConfig, parameters: Parameters) -> Topic:
    """Add the topic, its policy, and a subscription that exists when an address is given."""
    topic = template.add_resource(
        Topic(
            "AlertTopic",
            TopicName=config.name("serverless-alerts"),
            DisplayName="Serverless Infrastructure Alerts",
            KmsMasterKeyId=with_kms_key(Ref(KMS_KEY_ARN)),
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


def add_monitoring(
    template: Template, config: StackConfig, parameters: Parameters, resources: MonitoredResources
) -> Monitoring:
    """Add the topic, the alarms and the dashboard."""
    topic = _add_alert_topic(template, config, parameters)
    definitions = list(alarm_definitions(config, resources))
    alarms = [add_alarm(template, config, topic, alarm) for alarm in definitions]
    composites = add_composite_alarms(template, config, topic, definitions)
    return Monitoring(topic, add_dashboard(template, config, resources, [*composites, *alarms]))
