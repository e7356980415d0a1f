"""GitHub's tokens: the role of github_deploy.yml trusts those of one repository's production."""

from __future__ import annotations

import json
from typing import Any, Iterator

import pytest
from botocore.exceptions import ClientError

from tests.cloud.cloud import Cloud
from tests.infrastructure.templates import TEMPLATES

pytestmark = pytest.mark.slow

ISSUER = "https://token.actions.githubusercontent.com"
OURS = {
    "iss": ISSUER,
    "aud": "sts.amazonaws.com",
    "sub": "repo:acme/data-platform:environment:production",
    "environment": "production",
    "ref": "refs/heads/main",
    "repository": "acme/data-platform",
    "repository_id": "4711",
}
NOT_OURS: dict[str, dict[str, str | None]] = {
    "another branch": {"ref": "refs/heads/change"},
    "a tag": {"ref": "refs/tags/main"},
    "a branch in a folder": {"ref": "refs/heads/main/theirs"},
    "no branch": {"ref": None},
    "another repository": {
        "sub": "repo:acme/theirs:environment:production",
        "repository": "acme/theirs",
        "repository_id": "4712",
    },
    "a repository of another owner": {
        "sub": "repo:theirs/data-platform:environment:production",
        "repository": "theirs/data-platform",
        "repository_id": "4713",
    },
    "a later repository of our name": {"repository_id": "4712"},
    "a repository without its number": {"repository_id": None},
    "a repository in other letters": {
        "sub": "repo:Acme/data-platform:environment:production"
    },
    "another environment": {
        "sub": "repo:acme/data-platform:environment:staging",
        "environment": "staging",
    },
    "an environment that begins like ours": {
        "sub": "repo:acme/data-platform:environment:production-2",
        "environment": "production-2",
    },
    "no environment": {
        "sub": "repo:acme/data-platform:ref:refs/heads/main",
        "environment": None,
    },
    "a pull request": {
        "sub": "repo:acme/data-platform:pull_request",
        "ref": "refs/pull/1/merge",
        "environment": None,
    },
    "another audience": {"aud": "https://github.com/acme"},
    "another issuer": {"iss": "https://gitlab.com"},
    "a part of our issuer's name": {"iss": "https://githubusercontent.com"},
}


@pytest.fixture(scope="module")
def roles(cloud: Cloud) -> Iterator[dict[str, str]]:
    """The outputs of the stack that has GitHub's role and CloudFormation's."""
    outputs = cloud.create_stack(
        "tokens",
        TEMPLATES["data-platform-deploy"].read_text(),
        GitHubRepository="acme/data-platform",
        GitHubRepositoryId="4711",
        ExistingOidcProviderArn=(
            "arn:aws:iam::123456789012:oidc-provider/"
            "token.actions.githubusercontent.com"
        ),
        PlatformStackName="tokens-platform",
    )
    yield outputs
    cloud.delete_stack("tokens")
    repository = outputs["RepositoryName"]
    cloud.client("ecr").delete_repository(repositoryName=repository)


def assumed(cloud: Cloud, role: str, claims: dict[str, str]) -> dict[str, Any]:
    return cloud.client("sts").assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="job", WebIdentityToken=json.dumps(claims)
    )


def test_our_production_gets_the_role(cloud, roles, enforced):
    role = roles["DeployRoleArn"]
    answer = assumed(cloud, role, OURS)
    name = role.rpartition("/")[2]
    assert answer["AssumedRoleUser"]["Arn"].endswith(f":assumed-role/{name}/job")


@pytest.mark.parametrize("who", NOT_OURS)
def test_somebody_else_does_not(cloud, roles, enforced, who):
    given = OURS | NOT_OURS[who]
    claims = {name: claim for name, claim in given.items() if claim is not None}
    assert claims != OURS
    with pytest.raises(ClientError, match="AccessDenied") as caught:
        assumed(cloud, roles["DeployRoleArn"], claims)
    assert "Not authorized to perform sts:AssumeRoleWithWebIdentity" in str(
        caught.value
    )


def test_a_role_of_another_service_trusts_no_token(cloud, roles, enforced):
    with pytest.raises(ClientError, match="AccessDenied"):
        assumed(cloud, roles["StackRoleArn"], OURS)
