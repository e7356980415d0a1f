"""Resources that the parameters of a call name, as AWS's Service Authorization Reference has it."""

from __future__ import annotations

from typing import Any, Callable

from tests.cloud.account import ACCOUNT, arn, backend
from tests.cloud.context import cluster_of, last
from tests.cloud.ec2_needs import ec2_resources
from tests.cloud.s3_needs import s3_resources

Parameters = dict[str, Any]


def definition(name: str | None) -> Any:
    """Return moto's task definition; None if there is none."""
    from moto.ecs.exceptions import TaskDefinitionNotFoundException

    try:
        return backend("ecs").describe_task_definition(name) if name else None
    except TaskDefinitionNotFoundException:
        return None


def ecs_created(action: str, p: Parameters) -> str:
    """Return the ARN pattern of the resource that an ECS call creates."""
    cluster = last(p.get("cluster") or "default")
    return {
        "RunTask": arn("ecs", f"task/{cluster}/*"),
        "RegisterTaskDefinition": arn("ecs", f"task-definition/{p.get('family')}:*"),
        "CreateService": arn("ecs", f"service/{cluster}/{p.get('serviceName')}"),
        "CreateCluster": arn("ecs", f"cluster/{p.get('clusterName')}"),
    }.get(action, "*")


def _ecs(action: str, p: Parameters) -> list[str]:
    cluster = last(p.get("cluster") or "default")
    if action == "RunTask":
        found = definition(p["taskDefinition"])
        name = last(p["taskDefinition"])
        return [found.arn if found else arn("ecs", f"task-definition/{name}")]
    if action in ("RegisterTaskDefinition", "CreateService", "CreateCluster"):
        return [ecs_created(action, p).replace(":*", ":1")]
    if action == "ListTasks":
        return [arn("ecs", f"container-instance/{cluster}/*")]
    if action in ("StopTask", "DescribeTasks", "ExecuteCommand"):
        tasks = p.get("tasks") or [p.get("task")]
        return [arn("ecs", f"task/{cluster}/{last(task)}") for task in tasks]
    if deployments := _service_deployments(p):
        services = [each.rpartition("/")[0] for each in deployments]
        return deployments + [
            each.replace(":service-deployment/", ":service/") for each in services
        ]
    if "Service" in action:
        services = p.get("services") or [p.get("service")]
        named = [last(each) for each in services if each]
        return [arn("ecs", f"service/{cluster}/{name}") for name in named]
    if action in ("TagResource", "UntagResource", "ListTagsForResource"):
        return [p["resourceArn"]]
    if action == "DescribeClusters":
        names = p.get("clusters") or ["default"]
        return [arn("ecs", f"cluster/{last(name)}") for name in names]
    if "Cluster" in action and "cluster" in p:
        return [cluster_of(p)]
    return []


def _service_deployments(p: Parameters) -> list[str]:
    """Return the ARNs of services' deployments."""
    one = p.get("serviceDeploymentArn")
    return [one] if one else list(p.get("serviceDeploymentArns") or [])


def _ecr(action: str, p: Parameters) -> list[str]:
    names = p.get("repositoryNames") or [p.get("repositoryName")]
    found = [arn("ecr", f"repository/{name}") for name in names if name]
    return [p["resourceArn"]] if "resourceArn" in p else found


def _logs(action: str, p: Parameters) -> list[str]:
    """Return the group for tags, the group with its streams for everything else."""
    if "resourceArn" in p:
        return [p["resourceArn"]]
    group = p.get("logGroupName")
    if group is None:
        identifier = p.get("logGroupIdentifier") or ""
        group = identifier.rpartition("log-group:")[2] or identifier
    group = group or p.get("logGroupNamePrefix") or ""
    return [arn("logs", f"log-group:{group}:log-stream:{p.get('logStreamName') or ''}")]


def _sqs(action: str, p: Parameters) -> list[str]:
    name = last(p.get("QueueUrl") or p.get("QueueName") or "")
    return [arn("sqs", name)] if name else []


def _secretsmanager(action: str, p: Parameters) -> list[str]:
    if action == "CreateSecret":
        return [arn("secretsmanager", f"secret:{p['Name']}-a1B2c3")]
    name = p.get("SecretId")
    if not name:
        return []
    secret = backend("secretsmanager").secrets.get(name)
    if secret is not None:
        return [secret.arn]
    return [
        name if name.startswith("arn:") else arn("secretsmanager", f"secret:{name}")
    ]


def _iam(action: str, p: Parameters) -> list[str]:
    path = p.get("Path") or "/"
    if p.get("RoleName"):
        role = backend("iam").roles
        known = [each.arn for each in role.values() if each.name == p["RoleName"]]
        return known or [arn("iam", f"role{path}{p['RoleName']}")]
    if p.get("OpenIDConnectProviderArn") or p.get("PolicyArn"):
        return [p.get("OpenIDConnectProviderArn") or p["PolicyArn"]]
    if action == "CreateServiceLinkedRole":
        service = p["AWSServiceName"]
        return [arn("iam", f"role/aws-service-role/{service}/AWSServiceRole")]
    if action == "CreateOpenIDConnectProvider":
        return [arn("iam", f"oidc-provider/{p['Url'].removeprefix('https://')}")]
    for name, kind in (
        ("PolicyName", "policy"),
        ("InstanceProfileName", "instance-profile"),
        ("UserName", "user"),
    ):
        if p.get(name):
            return [arn("iam", f"{kind}{path}{p[name]}")]
    return []


def _cloudformation(action: str, p: Parameters) -> list[str]:
    name = p.get("StackName") or ""
    if name.startswith("arn:"):
        return [name]
    stacks = backend("cloudformation").stacks.values()
    known = [stack.stack_id for stack in stacks if stack.name == name]
    return known[:1] or ([arn("cloudformation", f"stack/{name}/new")] if name else [])


def _sns(action: str, p: Parameters) -> list[str]:
    # policies cannot name a subscription
    topic = p.get("TopicArn") or p.get("TargetArn") or p.get("ResourceArn")
    if p.get("Name"):
        topic = arn("sns", p["Name"])
    return [topic] if topic else []


def _events(action: str, p: Parameters) -> list[str]:
    if action == "PutEvents":
        return [arn("events", "event-bus/default")]
    if p.get("ResourceARN"):
        return [p["ResourceARN"]]
    name = p.get("Rule") or (p.get("Name") if "Rule" in action else None)
    return [arn("events", f"rule/{name}")] if name else []


def _cloudwatch(action: str, p: Parameters) -> list[str]:
    if p.get("ResourceARN"):
        return [p["ResourceARN"]]
    names = p.get("AlarmNames") or ([p["AlarmName"]] if p.get("AlarmName") else [])
    return [arn("cloudwatch", f"alarm:{name}") for name in names]


def _budgets(action: str, p: Parameters) -> list[str]:
    if p.get("ResourceARN"):
        return [p["ResourceARN"]]
    name = p.get("BudgetName") or (p.get("Budget") or {}).get("BudgetName") or "*"
    return [arn("budgets", f"budget/{name}")]


def _ssm(action: str, p: Parameters) -> list[str]:
    """Return ARNs of parameters and sessions. AWS's parameters belong to no account."""
    if p.get("SessionId"):
        return [arn("ssm", f"session/{p['SessionId']}")]
    names = p.get("Names") or [p["Name"]] if "Parameter" in action else []
    found = [arn("ssm", f"parameter/{each.lstrip('/')}") for each in names]
    public = (f":{ACCOUNT}:parameter/aws/", "::parameter/aws/")
    return [each.replace(*public) for each in found]


def _kms(action: str, p: Parameters) -> list[str]:
    key = p.get("KeyId")
    return [key if key.startswith("arn:") else arn("kms", f"key/{key}")] if key else []


def _sts(action: str, p: Parameters) -> list[str]:
    return [p["RoleArn"]] if p.get("RoleArn") else []


def _application_autoscaling(action: str, p: Parameters) -> list[str]:
    """Return a scalable target with a made-up id, because AWS chooses it."""
    if action.startswith("Describe"):
        return []
    return [arn("application-autoscaling", "scalable-target/1a2b3c")]


# Functions that find the ARNs of what a call's parameters name, by service.
RESOURCES: dict[str, Callable[[str, Parameters], list[str]]] = {
    "application-autoscaling": _application_autoscaling,
    "budgets": _budgets,
    "cloudformation": _cloudformation,
    "cloudwatch": _cloudwatch,
    "ec2": ec2_resources,
    "ecr": _ecr,
    "ecs": _ecs,
    "events": _events,
    "iam": _iam,
    "kms": _kms,
    "logs": _logs,
    "s3": s3_resources,
    "secretsmanager": _secretsmanager,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
    "sts": _sts,
}
