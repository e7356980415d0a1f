"""Attempts of an attacker who holds a role, each of which AWS has to refuse.

They were written from AWS's documentation and from what is known of such roles, before the
policies were read. A module for each role holds what the attacker wants and the call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ACCOUNT, REGION = "123456789012", "eu-central-1"
# An account, a role, a group, and so on, that have nothing to do with the platform.
THEIRS = "210987654321"
ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/Administrator"
FULL_ACCESS = "arn:aws:iam::aws:policy/AdministratorAccess"
GROUP = "sg-0123456789abcdef0"
MACHINE = "i-0123456789abcdef0"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0f0f0f0f-12ab-34cd-56ef-1234567890ab"
TRAIL = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/audit"
EVERYTHING = (
    '{"Version": "2012-10-17", "Statement":'
    ' [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
)
EVERYBODY = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal":'
    f' {{"AWS": "arn:aws:iam::{THEIRS}:root"}}, "Action": "*", "Resource": "*"}}]}}'
)
FAMILY = "prefect_production_van"
SERVER = "rights-server-Cluster-1a2b"
# A database, open to the world.
OPEN = {
    "IpProtocol": "tcp",
    "FromPort": 5432,
    "ToPort": 5432,
    "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
}


@dataclass(frozen=True)
class Attempt:
    """A call of AWS.

    Attributes:
        action: Service of botocore and operation, as `s3:GetObject`.
        names: Parameters at any depth; the others get a filler. `$Name` is an output of the
            platform's stacks, and `region` the region of the call.
    """

    action: str
    names: dict[str, Any]


def attempt(action: str, **names: Any) -> Attempt:
    """Return an attempt."""
    return Attempt(action, names)


def arn(service: str, resource: str, region: str = REGION) -> str:
    """Return the ARN of a resource of this account."""
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{resource}"


def secret(name: str) -> str:
    """Return the ARN of a secret."""
    return arn("secretsmanager", f"secret:{name}-a1B2c3")


def role(name: str) -> str:
    """Return the ARN of a role; the name has its path."""
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def run(
    cluster: str = "$ClusterArn", definition: str = FAMILY, **names: str
) -> Attempt:
    """Return an attempt to run a task."""
    overrides = {"overrides": names} if names else {}
    return attempt(
        "ecs:RunTask", cluster=cluster, taskDefinition=f"{definition}:1", **overrides
    )


def read(name: str) -> Attempt:
    """Return an attempt to read a secret."""
    return attempt("secretsmanager:GetSecretValue", SecretId=secret(name))
