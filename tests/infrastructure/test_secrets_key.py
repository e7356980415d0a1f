"""Secrets with a key of one's own: read only if both stacks are told the key."""

from __future__ import annotations

from typing import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.cloud.cloud import Cloud
from tests.fakes.aws import REGION
from tests.infrastructure.first_stacks import (
    create_deploy,
    create_foundation,
    create_platform,
)

pytestmark = pytest.mark.slow

NAME = "keyed"
ACCOUNT = "123456789012"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ANOTHER = KEY.replace("1234abcd", "dcba4321")
OWN, PREFECT, BY_AWS = "dlt/sources/van", "prefect/api-key", "dlt/destination/warehouse"


@pytest.fixture(scope="module")
def secrets(cloud: Cloud) -> Iterator[dict[str, str]]:
    """The ARN of each secret. The last one is encrypted by AWS's own key."""
    client = cloud.client("secretsmanager")
    keys = {OWN: {"KmsKeyId": KEY}, PREFECT: {"KmsKeyId": KEY}, BY_AWS: {}}
    yield {
        name: client.create_secret(Name=name, SecretString="{}", **key)["ARN"]
        for name, key in keys.items()
    }
    for name in keys:
        client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


@pytest.fixture(scope="module")
def roles(cloud: Cloud, secrets: dict[str, str]) -> Iterator[dict[str, str]]:
    """The roles that read secrets."""
    deploy = create_deploy(cloud, NAME, ExistingOidcProviderArn=PROVIDER)
    create_foundation(cloud, NAME, NatKind="none")
    platform = create_platform(
        cloud,
        NAME,
        role=deploy["StackRoleArn"],
        ImageUri=f"{deploy['RepositoryUri']}:4f2a",
        PrefectApiSecretArn=secrets[PREFECT],
        MinimumWorkers="0",
    )
    yield {
        "van": platform["FlowRoleArn"].removesuffix("flow") + "van",
        "execution": platform["ExecutionRoleArn"],
        "deploy": deploy["DeployRoleArn"],
    }
    for name in (NAME, f"{NAME}-foundation", f"{NAME}-deploy"):
        cloud.delete_stack(name)
    repository = deploy["RepositoryName"]
    cloud.client("ecr").delete_repository(repositoryName=repository)


def tell(cloud: Cloud, name: str, key: str) -> None:
    """Set a stack's parameter, unless it has the value."""
    (stack,) = cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    now = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    if now["SecretsKeyArn"] != key:
        cloud.update_stack(name, SecretsKeyArn=key)


def refused(cloud: Cloud, role: str, secret: str) -> str:
    """Return why a role may not read a secret, or nothing."""
    try:
        cloud.client_of(role, "secretsmanager").get_secret_value(SecretId=secret)
    except ClientError as error:
        return error.response["Error"]["Message"]
    return ""


@pytest.mark.parametrize(
    ("of_deploy", "of_platform"),
    [("", ""), (KEY, ""), ("", KEY), (KEY, KEY), (ANOTHER, ANOTHER), (KEY, ANOTHER)],
    ids=["neither", "deploy", "platform", "both", "another", "two"],
)
def test_the_key_is_told_to_both_stacks(cloud, secrets, roles, of_deploy, of_platform):
    tell(cloud, f"{NAME}-deploy", of_deploy)
    tell(cloud, NAME, of_platform)
    with cloud.enforcing():
        for role, secret, told in (
            # the boundary is in the stack of GitHub's role
            ("van", OWN, (of_deploy, of_platform) == (KEY, KEY)),
            ("execution", PREFECT, (of_deploy, of_platform) == (KEY, KEY)),
            ("deploy", PREFECT, of_deploy == KEY),
        ):
            reason = refused(cloud, roles[role], secrets[secret])
            if told:
                assert not reason
            else:
                needed = f"is not authorized to perform: kms:Decrypt on resource: {KEY}"
                assert needed in reason, role
        assert not refused(cloud, roles["van"], secrets[BY_AWS])


def test_the_key_decrypts_nothing_else(cloud, secrets, roles):
    tell(cloud, f"{NAME}-deploy", KEY)
    tell(cloud, NAME, KEY)
    with cloud.enforcing():
        for role in roles.values():
            client = cloud.client_of(role, "kms")
            with pytest.raises(ClientError, match="AccessDenied.*kms:Decrypt"):
                client.decrypt(CiphertextBlob=b"x", KeyId=KEY)
