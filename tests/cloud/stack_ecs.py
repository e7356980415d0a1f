"""CloudFormation's types of ECS, ECR, CloudWatch Logs and application autoscaling."""

from __future__ import annotations

import json
from typing import Any

from tests.cloud.account import arn, backend
from tests.cloud.api import Api
from tests.cloud.stack_types import Made, Properties, resource_type

# What names a scalable target, in the order of its id.
TARGET = ("ResourceId", "ScalableDimension", "ServiceNamespace")


@resource_type(
    "AWS::ECS::Cluster",
    remove=lambda api, made, _: api.call("ecs", "DeleteCluster", cluster=made.id),
)
def cluster(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    settings = {
        "settings": p.get("ClusterSettings"),
        "configuration": p.get("Configuration"),
    }
    if before:
        api.call("ecs", "UpdateCluster", cluster=before.id, **settings)
        return before
    name = p.get("ClusterName", name)
    created = api.call(
        "ecs",
        "CreateCluster",
        clusterName=name,
        capacityProviders=p.get("CapacityProviders"),
        defaultCapacityProviderStrategy=p.get("DefaultCapacityProviderStrategy"),
        tags=p.get("Tags"),
        **settings,
    )
    return Made(name, {"Arn": created["cluster"]["clusterArn"]})


@resource_type("AWS::ECS::ClusterCapacityProviderAssociations")
def capacity_providers(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    api.call("ecs", "PutClusterCapacityProviders", **p)
    return Made(p["Cluster"])


@resource_type(
    "AWS::ECS::TaskDefinition",
    remove=lambda api, made, _: api.call(
        "ecs", "DeregisterTaskDefinition", taskDefinition=made.id
    ),
    changes=False,
)
def task_definition(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    registered = api.call("ecs", "RegisterTaskDefinition", **{"Family": name} | p)
    made = registered["taskDefinition"]["taskDefinitionArn"]
    return Made(made, {"TaskDefinitionArn": made})


def _remove_service(api: Api, made: Made, p: Properties) -> None:
    api.call(
        "ecs", "DeleteService", cluster=p.get("Cluster"), service=made.id, force=True
    )


@resource_type("AWS::ECS::Service", remove=_remove_service)
def service(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    name = before.attributes["Name"] if before else p.get("ServiceName", name)
    if before:
        api.call(
            "ecs",
            "UpdateService",
            cluster=p.get("Cluster"),
            service=name,
            taskDefinition=p["TaskDefinition"],
            desiredCount=p.get("DesiredCount"),
        )
    else:
        api.call(
            "ecs", "CreateService", **{"DesiredCount": 1} | p | {"ServiceName": name}
        )
    cluster_name = p.get("Cluster", "default").rpartition("/")[2]
    kept = backend("ecs").services[f"{cluster_name}:{name}"]
    _keep(kept, p)
    return Made(kept.arn, {"Name": name, "ServiceArn": kept.arn})


def _keep(service: Any, p: Properties) -> None:
    """Store properties that moto drops. A changed network applies to later tasks."""
    if "DeploymentConfiguration" in p:
        service.deployment_configuration = _camel(p["DeploymentConfiguration"])
    if "NetworkConfiguration" in p:
        service.network_configuration = _camel(p["NetworkConfiguration"])
    service.enable_execute_command = p.get("EnableExecuteCommand", False)
    service.capacity_provider_strategy = _camel(p.get("CapacityProviderStrategy", []))


def _camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {k[0].lower() + k[1:]: _camel(v) for k, v in value.items()}
    return [_camel(each) for each in value] if isinstance(value, list) else value


@resource_type(
    "AWS::ECR::Repository",
    remove=lambda api, made, p: api.call(
        "ecr",
        "DeleteRepository",
        repositoryName=made.id,
        force=p.get("EmptyOnDelete", False),
    ),
)
def repository(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    name = before.id if before else p.get("RepositoryName", name).lower()
    named = {"repositoryName": name}
    mutability = p.get("ImageTagMutability", "MUTABLE")
    scanning = p.get("ImageScanningConfiguration")
    if before:
        api.call("ecr", "PutImageTagMutability", **named, imageTagMutability=mutability)
    else:
        created = api.call(
            "ecr",
            "CreateRepository",
            **named,
            imageTagMutability=mutability,
            imageScanningConfiguration=scanning,
            encryptionConfiguration=p.get("EncryptionConfiguration"),
            tags=p.get("Tags"),
        )["repository"]
        before = Made(
            name,
            {
                "Arn": created["repositoryArn"],
                "RepositoryUri": created["repositoryUri"],
            },
        )
    if "LifecyclePolicy" in p:
        text = p["LifecyclePolicy"]["LifecyclePolicyText"]
        api.call("ecr", "PutLifecyclePolicy", **named, lifecyclePolicyText=text)
    if "RepositoryPolicyText" in p:
        text = json.dumps(p["RepositoryPolicyText"])
        api.call("ecr", "SetRepositoryPolicy", **named, policyText=text)
    return before


@resource_type(
    "AWS::Logs::LogGroup",
    remove=lambda api, made, _: api.call(
        "logs", "DeleteLogGroup", logGroupName=made.id
    ),
)
def log_group(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    name = before.id if before else p.get("LogGroupName", name)
    if not before:
        tags = {tag["Key"]: tag["Value"] for tag in p.get("Tags", [])}
        api.call("logs", "CreateLogGroup", logGroupName=name, tags=tags or None)
    if "RetentionInDays" in p:
        days = p["RetentionInDays"]
        api.call("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=days)
    return Made(name, {"Arn": f"{arn('logs', f'log-group:{name}')}:*"})


@resource_type(
    "AWS::Logs::MetricFilter",
    remove=lambda api, made, p: api.call(
        "logs",
        "DeleteMetricFilter",
        logGroupName=p["LogGroupName"],
        filterName=made.id,
    ),
)
def metric_filter(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    name = before.id if before else p.get("FilterName", name)
    api.call("logs", "PutMetricFilter", **p | {"FilterName": name})
    return Made(name)


@resource_type(
    "AWS::ApplicationAutoScaling::ScalableTarget",
    remove=lambda api, made, p: api.call(
        "application-autoscaling",
        "DeregisterScalableTarget",
        **_target(made.id),
    ),
)
def scalable_target(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    api.call("application-autoscaling", "RegisterScalableTarget", **p)
    parts = (p["ResourceId"], p["ScalableDimension"], p["ServiceNamespace"])
    return Made("|".join(parts))


def _remove_scaling(api: Api, made: Made, p: Properties) -> None:
    named = {"PolicyName": p["PolicyName"]} | _of_target(p)
    api.call("application-autoscaling", "DeleteScalingPolicy", **named)


@resource_type("AWS::ApplicationAutoScaling::ScalingPolicy", remove=_remove_scaling)
def scaling_policy(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    """Store a policy, which never scales: the fake has no metrics."""
    given = {k: v for k, v in p.items() if k != "ScalingTargetId"} | _of_target(p)
    put = api.call("application-autoscaling", "PutScalingPolicy", **given)
    return Made(put["PolicyARN"], {"Arn": put["PolicyARN"]})


def _of_target(p: Properties) -> dict[str, str]:
    """Return what names a policy's target: its id, or its parts."""
    if "ScalingTargetId" in p:
        return _target(p["ScalingTargetId"])
    return {name: p[name] for name in TARGET}


def _target(target_id: str) -> dict[str, str]:
    return dict(zip(TARGET, target_id.split("|")))
