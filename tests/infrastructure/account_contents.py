"""What is in the fake account, to see whether stacks leave anything behind.

Left out are network interfaces: moto keeps those of gateways and endpoints.
"""

from __future__ import annotations

from typing import Any

from tests.cloud.cloud import Cloud

ACCOUNT = "123456789012"
# Service, operation, its parameters, the answer's list, and what names one in it.
LISTS: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("cloudformation", "list_exports", {}, "Exports", "Name"),
    ("ecs", "list_clusters", {}, "clusterArns", ""),
    ("ecs", "list_task_definitions", {"status": "ACTIVE"}, "taskDefinitionArns", ""),
    ("ecr", "describe_repositories", {}, "repositories", "repositoryName"),
    ("iam", "list_roles", {}, "Roles", "RoleName"),
    ("iam", "list_policies", {"Scope": "Local"}, "Policies", "PolicyName"),
    *[
        (
            "iam",
            "list_open_id_connect_providers",
            {},
            "OpenIDConnectProviderList",
            "Arn",
        ),
        ("logs", "describe_log_groups", {}, "logGroups", "logGroupName"),
        ("logs", "describe_metric_filters", {}, "metricFilters", "filterName"),
        ("sqs", "list_queues", {}, "QueueUrls", ""),
        ("sns", "list_topics", {}, "Topics", "TopicArn"),
        ("sns", "list_subscriptions", {}, "Subscriptions", "SubscriptionArn"),
        ("events", "list_rules", {}, "Rules", "Name"),
        ("cloudwatch", "describe_alarms", {}, "MetricAlarms", "AlarmName"),
        (
            "budgets",
            "describe_budgets",
            {"AccountId": ACCOUNT},
            "Budgets",
            "BudgetName",
        ),
        ("s3", "list_buckets", {}, "Buckets", "Name"),
    ],
    *[
        ("application-autoscaling", operation, {"ServiceNamespace": "ecs"}, key, "")
        for operation, key in (
            ("describe_scalable_targets", "ScalableTargets"),
            ("describe_scaling_policies", "ScalingPolicies"),
        )
    ],
    *[
        ("ec2", f"describe_{name}", {}, key, id)
        for name, key, id in (
            ("addresses", "Addresses", "AllocationId"),
            ("internet_gateways", "InternetGateways", "InternetGatewayId"),
            ("launch_templates", "LaunchTemplates", "LaunchTemplateId"),
            ("route_tables", "RouteTables", "RouteTableId"),
            ("security_groups", "SecurityGroups", "GroupId"),
            ("subnets", "Subnets", "SubnetId"),
            ("vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
            ("vpcs", "Vpcs", "VpcId"),
        )
    ],
]


def contents(cloud: Cloud) -> dict[str, set[str]]:
    """Return the names of everything that costs or blocks a name, by kind."""
    found = {
        f"{service} {key}": {
            str(each[name] if name else each)
            for each in getattr(cloud.client(service), operation)(**given).get(key, [])
            if name == "" or each.get("State") != "deleted"
        }
        for service, operation, given, key, name in LISTS
    }
    # moto also lists clusters that were deleted
    clusters = cloud.client("ecs").describe_clusters(
        clusters=[*found["ecs clusterArns"]]
    )
    active = [each for each in clusters["clusters"] if each["status"] == "ACTIVE"]
    return found | {"ecs clusterArns": {each["clusterArn"] for each in active}}


def left_of(before: dict[str, set[str]], after: dict[str, set[str]]) -> dict[str, Any]:
    """Return what is there afterwards and was not there before."""
    return {
        kind: names - before[kind]
        for kind, names in after.items()
        if names - before[kind]
    }
