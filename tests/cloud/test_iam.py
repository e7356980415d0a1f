"""Every service's calls, allowed and denied by the real resource of each."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.slow

REGION_AND_ACCOUNT = "eu-central-1:123456789012"
DEPLOYMENT = f"arn:aws:ecs:{REGION_AND_ACCOUNT}:service-deployment"
# Service, operation, allowed parameters, the change for which they are denied, and the
# policy's action and resource. AWS's answer to an allowed call does not matter.
CELLS: list[tuple[str, str, dict[str, Any], dict[str, Any], str, str]] = [
    (
        *("ecr", "describe_images", {"repositoryName": "aa"}, {"repositoryName": "b2"}),
        *("ecr:DescribeImages", f"arn:aws:ecr:{REGION_AND_ACCOUNT}:repository/aa"),
    ),
    (
        *("ecs", "list_tags_for_resource"),
        {"resourceArn": f"arn:aws:ecs:{REGION_AND_ACCOUNT}:cluster/a"},
        {"resourceArn": f"arn:aws:ecs:{REGION_AND_ACCOUNT}:cluster/b"},
        *("ecs:ListTagsForResource", f"arn:aws:ecs:{REGION_AND_ACCOUNT}:cluster/a"),
    ),
    (
        *("logs", "get_log_events", {"logGroupName": "a", "logStreamName": "x/y"}),
        *({"logGroupName": "ab"}, "logs:GetLogEvents"),
        f"arn:aws:logs:{REGION_AND_ACCOUNT}:log-group:a:*",
    ),
    (
        *("sqs", "get_queue_url", {"QueueName": "a"}, {"QueueName": "b"}),
        *("sqs:GetQueueUrl", f"arn:aws:sqs:{REGION_AND_ACCOUNT}:a"),
    ),
    (
        *("secretsmanager", "get_secret_value", {"SecretId": "dlt/a"}),
        *({"SecretId": "prefect/a"}, "secretsmanager:GetSecretValue"),
        f"arn:aws:secretsmanager:{REGION_AND_ACCOUNT}:secret:dlt/*",
    ),
    (
        *("s3", "list_objects_v2", {"Bucket": "a"}, {"Bucket": "b"}),
        *("s3:ListBucket", "arn:aws:s3:::a"),
    ),
    (
        *("s3", "head_object", {"Bucket": "a", "Key": "x/1"}, {"Key": "y/1"}),
        *("s3:GetObject", "arn:aws:s3:::a/x/*"),
    ),
    (
        *("iam", "get_role", {"RoleName": "a"}, {"RoleName": "b"}),
        *("iam:GetRole", "arn:aws:iam::123456789012:role/a"),
    ),
    (
        *("cloudformation", "describe_stacks", {"StackName": "a"}, {"StackName": "b"}),
        *("cloudformation:DescribeStacks",),
        f"arn:aws:cloudformation:{REGION_AND_ACCOUNT}:stack/a/*",
    ),
    (
        *("ec2", "delete_subnet", {"SubnetId": "subnet-a"}, {"SubnetId": "subnet-b"}),
        *("ec2:DeleteSubnet", f"arn:aws:ec2:{REGION_AND_ACCOUNT}:subnet/subnet-a"),
    ),
    (
        *("sns", "publish"),
        {"TopicArn": f"arn:aws:sns:{REGION_AND_ACCOUNT}:a", "Message": "x"},
        {"TopicArn": f"arn:aws:sns:{REGION_AND_ACCOUNT}:b"},
        *("sns:Publish", f"arn:aws:sns:{REGION_AND_ACCOUNT}:a"),
    ),
    (
        *("ecs", "describe_service_deployments"),
        {"serviceDeploymentArns": [f"{DEPLOYMENT}/a/s/1"]},
        {"serviceDeploymentArns": [f"{DEPLOYMENT}/b/s/1"]},
        *("ecs:DescribeServiceDeployments", "arn:aws:ecs:*:*:service*/a/*"),
    ),
    (
        *("budgets", "list_tags_for_resource"),
        {"ResourceARN": "arn:aws:budgets::123456789012:budget/a"},
        {"ResourceARN": "arn:aws:budgets::123456789012:budget/b"},
        *("budgets:ListTagsForResource", "arn:aws:budgets::123456789012:budget/a"),
    ),
    (
        *("ssm", "get_parameters", {"Names": ["/aws/service/a/1"]}),
        *({"Names": ["/aws/service/b/1"]}, "ssm:GetParameters"),
        "arn:aws:ssm:eu-central-1::parameter/aws/service/a/*",
    ),
    (
        *("events", "describe_rule", {"Name": "a"}, {"Name": "b"}),
        *("events:DescribeRule", f"arn:aws:events:{REGION_AND_ACCOUNT}:rule/a"),
    ),
    (
        *("cloudwatch", "delete_alarms", {"AlarmNames": ["a"]}, {"AlarmNames": ["b"]}),
        *(
            "cloudwatch:DeleteAlarms",
            f"arn:aws:cloudwatch:{REGION_AND_ACCOUNT}:alarm:a",
        ),
    ),
]

# CloudFormation itself refuses it, once IAM allows it
UNKNOWN = '{"Resources": {"A": {"Type": "AWS::No::Such"}}}'


def denied(code: str) -> bool:
    """Return whether an error is IAM's, in any service's words."""
    return code in (
        *("AccessDenied", "AccessDeniedException", "AuthorizationError"),
        *("UnauthorizedOperation", "403"),
    )


@pytest.mark.parametrize(
    "service, operation, allowed, changed, action, resource",
    CELLS,
    ids=[cell[4] for cell in CELLS],
)
def test_a_call_is_judged_by_its_resource(
    role, enforced, service, operation, allowed, changed, action, resource
):
    role.may({"Action": action, "Resource": resource})

    assert not denied(role.tries(service, operation, **allowed))
    assert denied(role.tries(service, operation, **allowed | changed))


def test_run_task_needs_the_definition_the_cluster_and_the_roles(
    platform, role, enforced
):
    outputs = platform.outputs
    cluster = f"arn:aws:ecs:{REGION_AND_ACCOUNT}:cluster/{outputs['Cluster']}"
    run = {
        "Action": "ecs:RunTask",
        "Resource": outputs["Task"],
        "Condition": {"ArnEquals": {"ecs:cluster": cluster}},
    }
    pass_roles = {
        "Action": "iam:PassRole",
        "Resource": [outputs["ExecutionRoleArn"], outputs["TaskRoleArn"]],
        "Condition": {
            "StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
        },
    }
    tag = {
        "Action": "ecs:TagResource",
        "Resource": f"arn:aws:ecs:{REGION_AND_ACCOUNT}:task/{outputs['Cluster']}/*",
        "Condition": {"StringEquals": {"ecs:CreateAction": "RunTask"}},
    }
    request = platform.request(outputs["Task"]) | {"count": 0}
    tagged = request | {"tags": [{"key": "a", "value": "b"}]}
    override = {"overrides": {"taskRoleArn": "arn:aws:iam::123456789012:role/admin"}}

    role.may(run, pass_roles, tag)
    assert role.tries("ecs", "run_task", **tagged) == ""
    assert denied(role.tries("ecs", "run_task", **request | {"cluster": "other"}))
    assert denied(role.tries("ecs", "run_task", **request | override))
    role.may(run, pass_roles)
    assert role.tries("ecs", "run_task", **request) == ""
    assert denied(role.tries("ecs", "run_task", **tagged))
    role.may(run)
    assert denied(role.tries("ecs", "run_task", **request))


def test_roles_are_passed_to_task_definitions_and_stacks(platform, role, enforced):
    definition = {
        "family": "passed",
        "containerDefinitions": [{"name": "a", "image": "a", "memory": 1}],
        "taskRoleArn": platform.outputs["TaskRoleArn"],
    }
    stack = {"StackName": "passed", "TemplateBody": UNKNOWN}
    stack["RoleARN"] = platform.outputs["TaskRoleArn"]
    both = {
        "Action": ["ecs:RegisterTaskDefinition", "cloudformation:CreateStack"],
        "Resource": "*",
    }
    pass_role = {"Action": "iam:PassRole", "Resource": definition["taskRoleArn"]}

    role.may(both)
    assert denied(role.tries("ecs", "register_task_definition", **definition))
    assert denied(role.tries("cloudformation", "create_stack", **stack))
    role.may(both, pass_role)
    assert role.tries("ecs", "register_task_definition", **definition) == ""
    assert role.tries("cloudformation", "create_stack", **stack) == "ValidationError"


def test_a_deny_and_a_managed_policy_count(platform, cloud, enforced):
    client = cloud.client_of(platform.outputs["TaskRoleArn"], "s3")
    bucket = platform.outputs["Bucket"]

    client.put_object(Bucket=bucket, Key="raw/a", Body=b"")
    with pytest.raises(ClientError, match="with an explicit deny"):
        client.put_object(Bucket=bucket, Key="raw/locked/a", Body=b"")


def test_an_error_says_who_may_not_do_what(cloud, platform, enforced):
    client = cloud.client_of(platform.outputs["TaskRoleArn"], "ecs")
    with pytest.raises(ClientError, match="AccessDeniedException") as caught:
        client.list_clusters()
    assert "assumed-role/small-TaskRole" in str(caught.value)
    assert "is not authorized to perform: ecs:ListClusters" in str(caught.value)


def test_unknown_keys_are_refused(cloud, enforced):
    import boto3

    stranger = boto3.Session("AKIAIOSFODNN7EXAMPLE", "x", region_name="eu-central-1")
    client = stranger.client("ecs", endpoint_url=cloud.url)
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        client.list_clusters()


def test_everyone_may_do_everything_until_iam_is_enforced(cloud, platform):
    client = cloud.client_of(platform.outputs["TaskRoleArn"], "ecs")
    assert client.list_clusters()["clusterArns"]


def test_a_tag_limits_access_to_a_resource(platform, cloud, role, enforced):
    tag = "aws:ResourceTag/aws:cloudformation:stack-name"
    role.may(
        {
            "Action": "ec2:ModifySubnetAttribute",
            "Resource": "*",
            "Condition": {"StringEquals": {tag: platform.name}},
        }
    )
    ec2 = cloud.client("ec2")
    (subnet,) = ec2.describe_subnets(SubnetIds=[platform.outputs["Private"]])["Subnets"]
    others = {"VpcId": subnet["VpcId"], "CidrBlock": "10.0.9.0/24"}
    other = ec2.create_subnet(**others)["Subnet"]["SubnetId"]

    change = {"MapPublicIpOnLaunch": {"Value": False}}

    def tries(subnet_id: str) -> str:
        return role.tries(
            "ec2", "modify_subnet_attribute", SubnetId=subnet_id, **change
        )

    assert tries(subnet["SubnetId"]) == ""
    assert denied(tries(other))
    ec2.delete_subnet(SubnetId=other)


def test_a_boundary_limits_a_role(cloud, role, enforced):
    iam = cloud.client("iam")
    listing = {"Effect": "Allow", "Action": "ecs:ListClusters", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": listing}
    boundary = iam.create_policy(
        PolicyName="boundary", PolicyDocument=json.dumps(document)
    )["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=role.name, PermissionsBoundary=boundary)

    role.may({"Action": "ecs:List*", "Resource": "*"})
    assert role.tries("ecs", "list_clusters") == ""
    assert denied(role.tries("ecs", "list_task_definitions"))
    iam.delete_role_permissions_boundary(RoleName=role.name)
    iam.delete_policy(PolicyArn=boundary)
