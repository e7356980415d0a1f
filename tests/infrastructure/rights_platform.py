"""All stacks on the fake AWS, for the rights matrix, and clients of their roles."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import get_session

from tests.cloud.cloud import Cloud
from tests.cloud.dry_run import dry
from tests.fakes.aws import ADMINISTRATOR, REGION
from tests.infrastructure.aws_requests import LOADER, Request
from tests.infrastructure.first_stacks import create_deploy, create_foundation
from tests.infrastructure.rights import (
    PORT_FORWARDING,
    ROLES,
    UNBOUNDED,
    Cell,
    request_of,
    rights_in,
)
from tests.infrastructure.templates import SERVERS, TEMPLATES, policies

STACKS = {
    "rights-deploy": TEMPLATES["data-platform-deploy"],
    "rights-foundation": TEMPLATES["data-platform-foundation"],
    "rights-lake": TEMPLATES["data-platform-lake"],
    "rights": TEMPLATES["data-platform"],
    "rights-ecs": SERVERS["ecs"],
    "rights-server": SERVERS["ec2"],
}
HOST = "prefect.example.org"
ACCOUNT = "123456789012"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prefect/api-key-a1B2c3"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
# Codes of AWS's services for a call without its right.
REFUSALS = (
    *("AccessDenied", "AccessDeniedException", "AuthorizationError"),
    "UnauthorizedOperation",
)
ANYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
BOUNDARY = "Boundary"
# Roles beside those of the stacks: where each is, and whether the boundary limits it. The
# first may do all that the boundary allows, the others nothing.
INSIDE, NOBODY = "inside", UNBOUNDED
MADE_BY_HAND = {
    INSIDE: ("/rights/", True),
    NOBODY: ("/rights/", False),
    "beside": ("/beside/", True),
}


def document(statements: list[dict[str, str]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _filled(policy: dict[str, Any], tags: list[dict[str, str]]) -> dict[str, Any]:
    """Return a policy with the tags of its role, as IAM reads it."""
    text = json.dumps(policy)
    for tag in tags:
        text = text.replace(f"${{aws:PrincipalTag/{tag['Key']}}}", tag["Value"])
    return json.loads(text)


class Platform:
    """All stacks, and what a matrix on them needs."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._iam, self._ec2 = cloud.client("iam"), cloud.client("ec2")
        self.outputs = self._create_stacks()
        names = {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for stack in STACKS
            for each in cloud.client("cloudformation").list_stack_resources(
                StackName=stack
            )["StackResourceSummaries"]
        }
        self.names = {role: names[role] for role in ROLES}
        self._make_roles()
        self.rights = {
            role: rights_in(list(self.documents(role).values())) for role in ROLES
        }
        self.tagged = (self._session_of_github(), self._session_of_another())

    def _create_stacks(self) -> dict[str, str]:
        create = self.cloud.create_stack
        own = {"ExistingOidcProviderArn": PROVIDER, "SecretsKeyArn": KEY}
        outputs = create_deploy(self.cloud, "rights", **own)
        outputs |= create_foundation(self.cloud, "rights", NatKind="instance")
        outputs |= create("rights-lake", STACKS["rights-lake"].read_text())
        # no image is there, so that neither worker nor server starts
        image = f"{outputs['RepositoryUri']}:4f2a"
        outputs |= create(
            "rights",
            STACKS["rights"].read_text(),
            outputs["StackRoleArn"],
            ImageUri=image,
            PrefectApiUrl=f"https://{HOST}/api",
            PrefectApiSecretArn=SECRET,
            LakeBucketName=outputs["BucketName"],
            SecretsKeyArn=KEY,
            EcsExec="true",
        )
        certificate = self.cloud.client("acm").request_certificate(DomainName=HOST)
        server = create(
            "rights-ecs",
            STACKS["rights-ecs"].read_text(),
            PlatformStackName="rights",
            HostName=HOST,
            Scheme="internal",
            CertificateArn=certificate["CertificateArn"],
            AllowedCidr="0.0.0.0/0",
            ApiSecretArn=SECRET,
            ImageUri=image,
            DatabaseDeletionProtection="false",
        )
        machine = create(
            "rights-server",
            STACKS["rights-server"].read_text(),
            PlatformStackName="rights",
            ApiSecretArn=SECRET,
            ImageUri=image,
            RunsWorker="true",
        )
        self.machine = machine["InstanceId"]
        self.buckets = [
            *(outputs["BucketName"], server["DumpBucketName"]),
            machine["DumpBucketName"],
        ]
        return outputs

    def _make_roles(self) -> None:
        for name, (path, bounded) in MADE_BY_HAND.items():
            limit = {"PermissionsBoundary": self.names[BOUNDARY]} if bounded else {}
            self._iam.create_role(
                RoleName=name, Path=path, AssumeRolePolicyDocument=document([]), **limit
            )
        self._iam.put_role_policy(
            RoleName=INSIDE, PolicyName="all", PolicyDocument=document([ANYTHING])
        )

    def _session_of_github(self) -> dict[str, str]:
        """Start a session of GitHub's role, and return its machine and its id."""
        client = self.cloud.client_of(self.outputs["DeployRoleArn"], "ssm")
        given = {"Target": self.machine, "DocumentName": PORT_FORWARDING}
        started = client.start_session(**given)
        return {"Target": self.machine, "SessionId": started["SessionId"]}

    def _session_of_another(self) -> dict[str, str]:
        """Start a session on the NAT instance, which is the foundation's."""
        groups = self.cloud.client("autoscaling").describe_auto_scaling_groups()
        ((nat,),) = [each["Instances"] for each in groups["AutoScalingGroups"]]
        target = nat["InstanceId"]
        started = self.cloud.client("ssm").start_session(Target=target)
        return {"Target": target, "SessionId": started["SessionId"]}

    def documents(self, role: str) -> dict[str, Any]:
        """Return a role's policies in AWS by name, in the template's order."""
        if role == BOUNDARY:
            policy = self.names[role]
            version = self._iam.get_policy(PolicyArn=policy)["Policy"][
                "DefaultVersionId"
            ]
            found = self._iam.get_policy_version(PolicyArn=policy, VersionId=version)
            return {role: found["PolicyVersion"]["Document"]}
        named = {"RoleName": self.names[role]}
        wanted = [each["PolicyName"] for each in policies(ROLES[role], role)]
        there = self._iam.list_role_policies(**named)["PolicyNames"]
        assert sorted(there) == sorted(wanted)
        assert not self._iam.list_attached_role_policies(**named)["AttachedPolicies"]
        tags = self._iam.list_role_tags(**named)["Tags"]
        return {
            name: _filled(
                self._iam.get_role_policy(**named, PolicyName=name)["PolicyDocument"],
                tags,
            )
            for name in wanted
        }

    def ask(self, who: str, request: Request) -> tuple[str, str]:
        """Return the code and the message of AWS's answer to a role or the administrator."""
        client = self._client(who, request.service, request.region)
        try:
            getattr(client, xform_name(request.operation))(**request.parameters)
        except ClientError as error:
            answer = error.response["Error"]
            return answer["Code"], answer["Message"]
        raise AssertionError(f"{request.operation} was executed.")

    def request(self, cell: Cell) -> Request:
        """Return the request of a cell."""
        own = self.rights[cell.role]
        right = own[cell.number]
        assert right.action == cell.action
        return request_of(right, cell.how, own, self.tagged)

    @cache
    def _client(self, who: str, service: str, region: str) -> Any:
        return dry(
            self._session(who).client(
                service,
                endpoint_url=self.cloud.url,
                region_name=region,
                config=Config(retries={"total_max_attempts": 1}),
            )
        )

    @cache
    def _session(self, who: str) -> boto3.Session:
        """Return a session that shares the services' models, which take long to read."""
        shared = get_session()
        shared.register_component("data_loader", LOADER)
        if who == ADMINISTRATOR["AWS_ACCESS_KEY_ID"]:
            return boto3.Session(*ADMINISTRATOR.values(), botocore_session=shared)
        name = INSIDE if who == BOUNDARY else self.names.get(who, who)
        role = self._iam.get_role(RoleName=name)["Role"]["Arn"]
        keys = self.cloud.as_role(role).get_credentials().get_frozen_credentials()
        return boto3.Session(*keys[:3], botocore_session=shared)

    def remove(self) -> None:
        """Remove everything that was created, including what the stacks retain."""
        self._iam.delete_role_policy(RoleName=INSIDE, PolicyName="all")
        for name in MADE_BY_HAND:
            self._iam.delete_role(RoleName=name)
        for name in reversed(STACKS):
            self.cloud.delete_stack(name)
        self._ec2.release_address(AllocationId=self.outputs["OutboundAllocationId"])
        for bucket in self.buckets:
            self.cloud.client("s3").delete_bucket(Bucket=bucket)
        repository = self.outputs["RepositoryName"]
        self.cloud.client("ecr").delete_repository(repositoryName=repository)
