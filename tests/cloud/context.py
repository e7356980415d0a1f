"""Values of a call that policies' conditions can test.

Supported are `aws:RequestedRegion`, `aws:ResourceAccount` of buckets, the tags of a request, of EC2's resources and of
sessions, `application-autoscaling:scalable-dimension` and `:service-namespace`,
`cloudformation:ImportResourceTypes`, `cloudwatch:AlarmActions` and `:namespace`,
`ecs:cluster`, `ecs:auto-assign-public-ip`, `events:source` and `:TargetArn`, `iam:AWSServiceName`,
`iam:PermissionsBoundary`, `s3:prefix`, in `needs.py` `ecs:CreateAction`,
`ec2:CreateAction`, `iam:PassedToService`, `kms:ViaService` and
`ssm:SessionDocumentAccessCheck`, and in `iam.py` `aws:userid`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tests.cloud.account import ACCOUNT, GLOBAL_SERVICES, arn, backend
from tests.cloud.policies import Context
from tests.cloud.sessions import SESSIONS

Parameters = dict[str, Any]

# Parameters with what an alarm does when it changes its state.
ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")


def context_of(service: str, region: str, p: Parameters) -> Context:
    """Return the condition values that all needs of a call share."""
    is_global = service in GLOBAL_SERVICES and service != "s3"
    context: Context = {"aws:RequestedRegion": "us-east-1" if is_global else region}
    if service == "ecs" and "cluster" in p:
        context["ecs:cluster"] = cluster_of(p)
    if service == "ecs" and (network := p.get("networkConfiguration")):
        address = network["awsvpcConfiguration"].get("assignPublicIp", "DISABLED")
        public = str(address == "ENABLED").lower()
        context["ecs:auto-assign-public-ip"] = public
    if service == "s3":
        context["s3:prefix"] = p.get("Prefix") or ""
        # Here the bucket of another account has that account's number at its end.
        owner = re.search(r"\d{12}$", p.get("Bucket") or "")
        context["aws:ResourceAccount"] = owner[0] if owner else ACCOUNT
    if service == "cloudwatch" and p.get("Namespace"):
        context["cloudwatch:namespace"] = p["Namespace"]
    if imported := p.get("ResourcesToImport"):
        types = {each["ResourceType"] for each in imported}
        context["cloudformation:ImportResourceTypes"] = tuple(sorted(types))
    if p.get("AWSServiceName"):
        context["iam:AWSServiceName"] = p["AWSServiceName"]
    if boundary := p.get("PermissionsBoundary") or _boundary(p.get("RoleName")):
        context["iam:PermissionsBoundary"] = boundary
    return context | _of_messages(service, p) | _request_tags(p)


def _of_messages(service: str, p: Parameters) -> Context:
    """Return what alarms, rules and scalable targets do, as far as the call has it."""
    found: Context = {}
    if service == "application-autoscaling":
        for name in ("service-namespace", "scalable-dimension"):
            parameter = name.title().replace("-", "")
            found[f"application-autoscaling:{name}"] = p.get(parameter) or ()
    if service == "cloudwatch":
        actions = [each for name in ACTIONS for each in p.get(name) or []]
        found["cloudwatch:AlarmActions"] = tuple(actions)
    if service == "events":
        pattern = json.loads(p.get("EventPattern") or "{}")
        found["events:source"] = tuple(pattern.get("source", ()))
        targets = [each["Arn"] for each in p.get("Targets") or []]
        found["events:TargetArn"] = tuple(targets)
    return {key: value for key, value in found.items() if value}


def tags_of(service: str, resource: str) -> Context:
    """Return the condition values of an existing resource's tags."""
    if service not in ("ec2", "ssm"):
        return {}
    if session := SESSIONS.get(last(resource)):
        return {f"ssm:ResourceTag/{name}": tag for name, tag in session.tags.items()}
    tags = backend("ec2").tags.get(last(resource), {})
    return {
        f"{prefix}:ResourceTag/{name}": value
        for name, value in tags.items()
        for prefix in ("aws", service)
    }


def cluster_of(p: Parameters) -> str:
    """Return the ARN of the cluster in an ECS call."""
    return arn("ecs", f"cluster/{last(p.get('cluster') or 'default')}")


def last(name: str) -> str:
    """Return the part after the last slash, such as the name in an ARN or URL."""
    return name.rpartition("/")[2]


def _boundary(role_name: str | None) -> str | None:
    """Return the permissions boundary of an existing role."""
    for role in backend("iam").roles.values():
        if role.name == role_name:
            return role.permissions_boundary_arn
    return None


def _request_tags(p: Parameters) -> Context:
    tags = p.get("tags") or p.get("Tags") or []
    if isinstance(tags, dict):
        pairs = list(tags.items())
    else:
        named = [{k.lower(): v for k, v in each.items()} for each in tags]
        pairs = [(each["key"], each["value"]) for each in named if "key" in each]
    return {f"aws:RequestTag/{name}": value for name, value in pairs}
