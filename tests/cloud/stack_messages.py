"""CloudFormation's types of SQS, SNS, EventBridge, CloudWatch's alarms and budgets."""

from __future__ import annotations

import json

from tests.cloud.account import ACCOUNT, arn
from tests.cloud.api import Api
from tests.cloud.stack_types import Made, Properties, resource_type


@resource_type(
    "AWS::SQS::Queue",
    remove=lambda api, made, _: api.call("sqs", "DeleteQueue", QueueUrl=made.id),
)
def queue(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    name = p.get("QueueName", name[:80])
    attributes = {
        key: json.dumps(value) if isinstance(value, dict) else value
        for key, value in p.items()
        if key not in ("QueueName", "Tags")
    }
    if before:
        api.call("sqs", "SetQueueAttributes", QueueUrl=before.id, Attributes=attributes)
        return before
    tags = {tag["Key"]: tag["Value"] for tag in p.get("Tags", [])}
    created = api.call(
        "sqs", "CreateQueue", QueueName=name, Attributes=attributes, tags=tags
    )
    url = created["QueueUrl"]
    return Made(url, {"Arn": arn("sqs", name), "QueueName": name, "QueueUrl": url})


@resource_type("AWS::SQS::QueuePolicy")
def queue_policy(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    policy = {"Policy": json.dumps(p["PolicyDocument"])}
    for url in p["Queues"]:
        api.call("sqs", "SetQueueAttributes", QueueUrl=url, Attributes=policy)
    return Made(name)


@resource_type(
    "AWS::SNS::Topic",
    remove=lambda api, made, _: api.call("sns", "DeleteTopic", TopicArn=made.id),
)
def topic(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    name = before.attributes["TopicName"] if before else p.get("TopicName", name)
    attributes = {k: p[k] for k in ("DisplayName", "KmsMasterKeyId") if k in p}
    created = api.call(
        "sns", "CreateTopic", Name=name, Attributes=attributes, Tags=p.get("Tags")
    )
    made = created["TopicArn"]
    for each in p.get("Subscription", []):
        api.call("sns", "Subscribe", TopicArn=made, **each)
    return Made(made, {"TopicArn": made, "TopicName": name})


@resource_type("AWS::SNS::TopicPolicy")
def topic_policy(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    for each in p["Topics"]:
        api.call(
            "sns",
            "SetTopicAttributes",
            TopicArn=each,
            AttributeName="Policy",
            AttributeValue=json.dumps(p["PolicyDocument"]),
        )
    return Made(name)


@resource_type(
    "AWS::SNS::Subscription",
    remove=lambda api, made, _: api.call("sns", "Unsubscribe", SubscriptionArn=made.id),
    changes=False,
)
def subscription(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    """Subscribe, and confirm at once, even by mail."""
    created = api.call(
        "sns",
        "Subscribe",
        TopicArn=p["TopicArn"],
        Protocol=p["Protocol"],
        Endpoint=p.get("Endpoint"),
        ReturnSubscriptionArn=True,
    )
    return Made(created["SubscriptionArn"], {"Arn": created["SubscriptionArn"]})


def _remove_rule(api: Api, made: Made, p: Properties) -> None:
    ids = [each["Id"] for each in p.get("Targets", [])]
    if ids:
        api.call("events", "RemoveTargets", Rule=made.id, Ids=ids)
    api.call("events", "DeleteRule", Name=made.id)


@resource_type("AWS::Events::Rule", remove=_remove_rule)
def rule(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    name = before.id if before else p.get("Name", name)
    given = {k: v for k, v in p.items() if k not in ("Targets", "Name")}
    if "EventPattern" in given:
        given["EventPattern"] = json.dumps(given["EventPattern"])
    made = api.call("events", "PutRule", Name=name, **given)["RuleArn"]
    if "Targets" in p:
        api.call("events", "PutTargets", Rule=name, Targets=p["Targets"])
    return Made(name, {"Arn": made})


@resource_type(
    "AWS::CloudWatch::Alarm",
    remove=lambda api, made, _: api.call(
        "cloudwatch", "DeleteAlarms", AlarmNames=[made.id]
    ),
)
def alarm(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    """Store an alarm, which never goes off: the fake has no metrics."""
    name = before.id if before else p.get("AlarmName", name)
    api.call("cloudwatch", "PutMetricAlarm", **p | {"AlarmName": name})
    return Made(name, {"Arn": arn("cloudwatch", f"alarm:{name}")})


@resource_type(
    "AWS::Budgets::Budget",
    remove=lambda api, made, _: api.call(
        "budgets", "DeleteBudget", AccountId=ACCOUNT, BudgetName=made.id
    ),
)
def budget(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    """Make a budget, or make it again: moto cannot change one."""
    wanted = {"BudgetName": name} | p["Budget"]
    if before:
        api.call("budgets", "DeleteBudget", AccountId=ACCOUNT, BudgetName=before.id)
    api.call(
        "budgets",
        "CreateBudget",
        AccountId=ACCOUNT,
        Budget=wanted,
        NotificationsWithSubscribers=p.get("NotificationsWithSubscribers"),
    )
    return Made(wanted["BudgetName"])
