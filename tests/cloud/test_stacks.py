"""CloudFormation: a stack's resources, failures, updates and deletion."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.slow

QUEUE = {"Type": "AWS::SQS::Queue"}


def template(**resources: dict) -> str:
    """Return a template with these resources."""
    return json.dumps({"Resources": resources})


def test_resources_have_the_templates_properties(cloud, platform):
    outputs, ec2 = platform.outputs, cloud.client("ec2")

    (group,) = ec2.describe_security_groups(GroupIds=[outputs["Group"]])[
        "SecurityGroups"
    ]
    (egress,) = group["IpPermissionsEgress"]
    assert (egress["FromPort"], egress["ToPort"]) == (443, 443)
    (subnet,) = ec2.describe_subnets(SubnetIds=[outputs["Private"]])["Subnets"]
    assert subnet["AvailabilityZone"] == "eu-central-1b"
    assert subnet["CidrBlock"] == "10.0.1.0/24"
    (address,) = ec2.describe_addresses(PublicIps=[outputs["Address"]])["Addresses"]
    assert address["Domain"] == "vpc"
    (logs,) = cloud.client("logs").describe_log_groups(
        logGroupNamePrefix=outputs["Logs"]
    )["logGroups"]
    assert logs["retentionInDays"] == 30
    named = {"repositoryName": outputs["Repository"]}
    ecr = cloud.client("ecr")
    assert json.loads(ecr.get_lifecycle_policy(**named)["lifecyclePolicyText"])
    repository = ecr.describe_repositories(repositoryNames=[outputs["Repository"]])
    assert repository["repositories"][0]["imageTagMutability"] == "IMMUTABLE"
    role = outputs["ExecutionRoleArn"].rpartition("/")[2]
    iam = cloud.client("iam")
    assert iam.get_role(RoleName=role)["Role"]["Path"] == "/platform/"
    (attached,) = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert attached["PolicyName"] == "AmazonECSTaskExecutionRolePolicy"
    assert iam.get_open_id_connect_provider(
        OpenIDConnectProviderArn=outputs["Provider"]
    )["ClientIDList"] == ["sts.amazonaws.com"]
    secret = cloud.client("secretsmanager").get_secret_value(SecretId=outputs["Secret"])
    assert json.loads(secret["SecretString"]).keys() == {"user", "password"}
    s3, bucket = cloud.client("s3"), outputs["Bucket"]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    block = s3.get_public_access_block(Bucket=bucket)
    assert all(block["PublicAccessBlockConfiguration"].values())
    alarms = cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert outputs["Topic"] in [a for each in alarms for a in each["AlarmActions"]]
    exports = cloud.client("cloudformation").list_exports()["Exports"]
    assert {"small-Cluster": outputs["Cluster"]}.items() <= {
        each["Name"]: each["Value"] for each in exports
    }.items()


def test_an_unknown_type_is_refused(cloud):
    with pytest.raises(ClientError, match="Unrecognized resource types.*No::Such"):
        cloud.create_stack("unknown", template(A={"Type": "AWS::No::Such"}))
    with pytest.raises(ClientError, match="unknown.*does not exist"):
        cloud.outputs("unknown")


def test_a_property_that_the_service_does_not_know_fails_the_stack(cloud):
    wrong = {"Type": "AWS::Logs::MetricFilter", "Properties": {"Wrong": 1}}
    queue = QUEUE | {"Properties": {"QueueName": "rolled-back"}}
    with pytest.raises(RuntimeError, match="ROLLBACK_COMPLETE.*has no Wrong"):
        cloud.create_stack("wrong", template(Queue=queue, Wrong=wrong))

    assert "QueueUrls" not in cloud.client("sqs").list_queues(
        QueueNamePrefix="rolled-back"
    )
    cloud.delete_stack("wrong")


def test_a_failed_creation_leaves_only_retained_resources(cloud):
    kept = {
        policy: QUEUE
        | {"DeletionPolicy": policy, "Properties": {"QueueName": f"kept-{policy}"}}
        for policy in ("Retain", "RetainExceptOnCreate")
    }
    wrong = {"Type": "AWS::Logs::MetricFilter", "Properties": {"Wrong": 1}}
    with pytest.raises(RuntimeError, match="ROLLBACK_COMPLETE"):
        cloud.create_stack("wrong", template(**kept, Wrong=wrong))

    sqs = cloud.client("sqs")
    (left,) = sqs.list_queues(QueueNamePrefix="kept-")["QueueUrls"]
    assert left.endswith("kept-Retain")
    sqs.delete_queue(QueueUrl=left)
    cloud.delete_stack("wrong")


def test_a_failed_update_is_rolled_back(cloud):
    queue = QUEUE | {"Properties": {"QueueName": "kept", "DelaySeconds": 1}}
    cloud.create_stack("back", template(Queue=queue))
    wrong = {"Type": "AWS::Logs::MetricFilter", "Properties": {"Wrong": 1}}
    changed = QUEUE | {"Properties": {"QueueName": "kept", "DelaySeconds": 2}}
    cloud.client("cloudformation").update_stack(
        StackName="back", TemplateBody=template(Queue=changed, Wrong=wrong)
    )

    with pytest.raises(RuntimeError, match="UPDATE_ROLLBACK_COMPLETE.*has no Wrong"):
        cloud.outputs("back")
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName="kept")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    assert attributes["Attributes"]["DelaySeconds"] == "1"
    cloud.delete_stack("back")


def test_a_change_set_changes_what_depends_on_a_parameter(cloud):
    text = json.dumps(
        {
            "Parameters": {"Name": {"Type": "String", "Default": "one"}},
            "Conditions": {"IsTwo": {"Fn::Equals": [{"Ref": "Name"}, "two"]}},
            "Resources": {
                "Group": {
                    "Type": "AWS::EC2::SecurityGroup",
                    "Properties": {"GroupDescription": {"Ref": "Name"}},
                },
                "Egress": {
                    "Type": "AWS::EC2::SecurityGroupEgress",
                    "Properties": {
                        "GroupId": {"Ref": "Group"},
                        "IpProtocol": "tcp",
                        "FromPort": 80,
                        "ToPort": 80,
                        "CidrIp": "10.0.0.0/8",
                    },
                },
                "Extra": QUEUE | {"Condition": "IsTwo"},
            },
            "Outputs": {"Group": {"Value": {"Ref": "Group"}}},
        }
    )
    first = cloud.create_stack("changing", text)["Group"]
    client = cloud.client("cloudformation")
    client.create_change_set(
        StackName="changing",
        ChangeSetName="to-two",
        ChangeSetType="UPDATE",
        UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": "Name", "ParameterValue": "two"}],
    )
    client.execute_change_set(StackName="changing", ChangeSetName="to-two")

    second = cloud.outputs("changing")["Group"]
    assert second != first
    ec2 = cloud.client("ec2")
    (group,) = ec2.describe_security_groups(GroupIds=[second])["SecurityGroups"]
    assert 80 in [each.get("ToPort") for each in group["IpPermissionsEgress"]]
    with pytest.raises(ClientError, match="does not exist"):
        ec2.describe_security_groups(GroupIds=[first])
    listed = client.list_stack_resources(StackName="changing")
    names = {each["LogicalResourceId"] for each in listed["StackResourceSummaries"]}
    assert names == {"Group", "Egress", "Extra"}
    cloud.delete_stack("changing")


def test_a_value_that_another_stack_imports_stays(cloud):
    def exporting(value: str) -> str:
        export = {"Name": "first-value"}
        outputs = {"Value": {"Value": value, "Export": export}}
        return json.dumps({"Resources": {"Q": QUEUE}, "Outputs": outputs})

    name = {"Fn::ImportValue": "first-value"}
    importing = QUEUE | {"Properties": {"QueueName": name}}
    cloud.create_stack("first", exporting("one"))
    cloud.create_stack("second", template(Q=importing))
    client = cloud.client("cloudformation")
    client.update_stack(StackName="first", TemplateBody=exporting("two"))
    (first,) = client.describe_stacks(StackName="first")["Stacks"]
    assert first["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    (output,) = first["Outputs"]
    assert output["OutputValue"] == "one"

    client.delete_stack(StackName="first")
    events = client.describe_stack_events(StackName="first")["StackEvents"]
    reasons = [each.get("ResourceStatusReason", "") for each in events]
    for done in ("updated", "deleted"):
        text = f"first-value cannot be {done} as it is in use by second"
        assert [each for each in reasons if text in each]
    cloud.delete_stack("second")
    cloud.delete_stack("first")


def test_a_policy_of_several_roles_moves_with_an_update(cloud):
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    nothing = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
    }
    own = {"PolicyName": "own", "PolicyDocument": nothing}
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": trust, "Policies": [own]},
    }

    def text(*roles: str, description: str) -> str:
        shared = {"PolicyName": "shared", "PolicyDocument": nothing}
        shared["Roles"] = [{"Ref": name} for name in roles]
        policy = {"Type": "AWS::IAM::Policy", "Properties": shared}
        described = role | {
            "Properties": role["Properties"] | {"Description": description}
        }
        return template(One=role, Two=described, Three=role, Policy=policy)

    iam, client = cloud.client("iam"), cloud.client("cloudformation")
    cloud.create_stack("policies", text("One", "Two", description="before"))
    changed = text("Two", "Three", description="after")
    client.update_stack(StackName="policies", TemplateBody=changed)
    names = {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for each in client.list_stack_resources(StackName="policies")[
            "StackResourceSummaries"
        ]
    }
    assert {
        name: iam.list_role_policies(RoleName=names[name])["PolicyNames"]
        for name in ("One", "Two", "Three")
    } == {"One": ["own"], "Two": ["own", "shared"], "Three": ["own", "shared"]}
    cloud.delete_stack("policies")


def test_a_deleted_stack_leaves_retained_resources(cloud):
    kept = QUEUE | {"Properties": {"QueueName": "leave"}, "DeletionPolicy": "Retain"}
    gone = QUEUE | {"Properties": {"QueueName": "leave-not"}}
    cloud.create_stack("left", template(Kept=kept, Gone=gone))
    cloud.delete_stack("left")

    sqs = cloud.client("sqs")
    (url,) = sqs.list_queues(QueueNamePrefix="leave")["QueueUrls"]
    assert url.endswith("/leave")
    sqs.delete_queue(QueueUrl=url)
