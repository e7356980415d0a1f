"""Rights that a call needs: actions on resources, with the values for conditions.

The resources are those of AWS's Service Authorization Reference. An action listed there
without a resource type needs `*`, as does every action of a service unknown here: a
policy that names a resource for it does not allow it, as on AWS. `context.py` has the
values for conditions.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterable

from tests.cloud.account import ACCOUNT, REGION, arn, backend
from tests.cloud.call import Call
from tests.cloud.context import cluster_of, context_of, last, tags_of
from tests.cloud.ec2_needs import ec2_resources
from tests.cloud.policies import Context
from tests.cloud.s3_needs import s3_action, s3_resources
from tests.cloud.sessions import DEFAULT_DOCUMENT, document_arn, target_arn

Parameters = dict[str, Any]

# IAM's prefixes that differ from botocore's names of services
PREFIXES = {
    "cloudcontrol": "cloudformation",
    "efs": "elasticfilesystem",
    "elbv2": "elasticloadbalancing",
}


@dataclass(frozen=True)
class Need:
    """Right to one action on one resource."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)
    unless: Need | None = None
    """Right with which this one is not needed."""


def needs(call: Call) -> Iterable[Need]:
    """Yield every right that a call needs, on resources of the call's region."""
    for need in _needs(call):
        yield need if call.region == REGION else _moved(need, call.region)


def _moved(need: Need, region: str) -> Need:
    """Return a need with the resource and the cluster of another region."""
    here, there = f":{REGION}:{ACCOUNT}:", f":{region}:{ACCOUNT}:"
    cluster = str(need.context.get("ecs:cluster", "")).replace(here, there)
    named = {"ecs:cluster": cluster} if cluster else {}
    resource = need.resource.replace(here, there)
    return replace(need, resource=resource, context=need.context | named)


def _needs(call: Call) -> Iterable[Need]:
    action, parameters = call.action, call.parameters
    if (call.service, action) == ("ssm", "StartSession"):
        yield from _session(call)
        return
    find = RESOURCES.get(call.service, lambda *_: [])
    context = context_of(call.service, call.region, parameters)
    prefix = PREFIXES.get(call.service, call.service)
    name = action
    if rename := NAMES.get(call.service):
        name = rename(action, parameters)
    for resource in find(action, parameters) or ["*"]:
        tags = tags_of(call.service, resource)
        yield Need(f"{prefix}:{name}", resource, context | tags)
    for role, service in _passed_roles(call.service, action, parameters):
        yield Need("iam:PassRole", role, {"iam:PassedToService": service})
    if call.service == "ecs" and action != "TagResource" and parameters.get("tags"):
        tagged = context | {"ecs:CreateAction": action}
        yield Need("ecs:TagResource", _ecs_created(action, parameters), tagged)
    for tagged in parameters.get("TagSpecifications") or []:
        resource = arn("ec2", f"{tagged['ResourceType']}/*")
        yield Need("ec2:CreateTags", resource, context | {"ec2:CreateAction": action})
    if key := _key_of_secret(call.service, action, parameters):
        via = f"secretsmanager.{call.region}.amazonaws.com"
        yield Need("kms:Decrypt", key, {"kms:ViaService": via})
    if view := (parameters.get("Budget") or {}).get("BillingViewArn"):
        yield Need("billing:GetBillingViewData", view, context)


def _session(call: Call) -> Iterable[Need]:
    """Yield the rights to a session's machine or task, and to its document.

    The default document, the shell, needs no right of its own unless every statement that
    allows the target requires the check of documents:
    https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-sessiondocumentaccesscheck.html
    """
    name = call.parameters.get("DocumentName") or DEFAULT_DOCUMENT
    target = target_arn(call.parameters["Target"])
    context = context_of(call.service, call.region, call.parameters)
    context |= tags_of(call.service, target)
    action, check = "ssm:StartSession", "ssm:SessionDocumentAccessCheck"
    checked = context | {check: "true"}
    unchecked = Need(action, target, context | {check: "false"})
    instead = unchecked if name == DEFAULT_DOCUMENT else None
    yield Need(action, target, checked, instead)
    yield Need(action, document_arn(name), {check: "true"}, instead)


def _key_of_secret(service: str, action: str, p: Parameters) -> str:
    """Return the ARN of the account's own key that a secret is encrypted with, if any."""
    if (service, action) != ("secretsmanager", "GetSecretValue"):
        return ""
    secret = backend("secretsmanager").secrets.get(p["SecretId"])
    return getattr(secret, "kms_key_id", None) or ""


def _passed_roles(service: str, action: str, p: Parameters) -> list[tuple[str, str]]:
    """Return the roles that a call passes, and to which service."""
    if service == "cloudformation" and p.get("RoleARN"):
        return [(p["RoleARN"], "cloudformation.amazonaws.com")]
    if service == "events" and action == "PutTargets":
        roles = [target.get("RoleArn") for target in p.get("Targets", [])]
        return [(role, "events.amazonaws.com") for role in roles if role]
    if service != "ecs":
        return []
    given = dict(p)
    if action in ("RunTask", "CreateService", "UpdateService"):
        given = _roles_of_definition(p.get("taskDefinition")) | (
            p.get("overrides") or {}
        )
    roles = [given.get("taskRoleArn"), given.get("executionRoleArn")]
    return [(role, "ecs-tasks.amazonaws.com") for role in roles if role]


def _roles_of_definition(name: str | None) -> Parameters:
    definition = _definition(name)
    if definition is None:
        return {}
    return {
        "taskRoleArn": getattr(definition, "task_role_arn", None),
        "executionRoleArn": getattr(definition, "execution_role_arn", None),
    }


def _definition(name: str | None) -> Any:
    from moto.ecs.exceptions import TaskDefinitionNotFoundException

    try:
        return backend("ecs").describe_task_definition(name) if name else None
    except TaskDefinitionNotFoundException:
        return None


def _ecs_created(action: str, p: Parameters) -> str:
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
        definition = _definition(p["taskDefinition"])
        name = last(p["taskDefinition"])
        missing = arn("ecs", f"task-definition/{name}")
        return [definition.arn if definition else missing]
    if action in ("RegisterTaskDefinition", "CreateService", "CreateCluster"):
        return [_ecs_created(action, p).replace(":*", ":1")]
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


def _budget_action(operation: str, p: Parameters) -> str:
    """Return IAM's action: one for reading, one for writing, except for tags."""
    if "Resource" in operation:
        return operation
    return "ViewBudget" if operation.startswith("Describe") else "ModifyBudget"


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


# Services whose actions have other names than their operations.
NAMES: dict[str, Callable[[str, Parameters], str]] = {
    "budgets": _budget_action,
    "s3": s3_action,
}
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
