"""CloudFormation's types of IAM, Secrets Manager and S3."""

from __future__ import annotations

import json
import secrets

from tests.cloud.account import REGION
from tests.cloud.api import Api
from tests.cloud.stack_types import Made, Properties, resource_type


def _remove_role(api: Api, made: Made, p: Properties) -> None:
    named = {"RoleName": made.id}
    for policy in api.call("iam", "ListRolePolicies", **named)["PolicyNames"]:
        _delete_policy(api, made.id, policy)
    _detach(api, made.id, keep=[])
    api.call("iam", "DeleteRole", **named)


@resource_type("AWS::IAM::Role", remove=_remove_role)
def role(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    name = before.id if before else p.get("RoleName", name[:64])
    trust = json.dumps(p["AssumeRolePolicyDocument"])
    if before:
        api.call("iam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=trust)
        _limit(api, before, p.get("PermissionsBoundary"))
    else:
        created = api.call(
            "iam",
            "CreateRole",
            RoleName=name,
            AssumeRolePolicyDocument=trust,
            Path=p.get("Path"),
            Description=p.get("Description"),
            MaxSessionDuration=p.get("MaxSessionDuration"),
            PermissionsBoundary=p.get("PermissionsBoundary"),
            Tags=p.get("Tags"),
        )["Role"]
        before = Made(name, {"Arn": created["Arn"], "RoleId": created["RoleId"]})
        before.attributes["PermissionsBoundary"] = p.get("PermissionsBoundary")
    wanted = {
        each["PolicyName"]: each["PolicyDocument"] for each in p.get("Policies", [])
    }
    for policy, document in wanted.items():
        _put_policy(api, name, policy, document)
    # Others may be policies that are resources of their own.
    for policy in before.attributes.get("Policies", {}).keys() - wanted.keys():
        _delete_policy(api, name, policy)
    before.attributes["Policies"] = wanted
    _detach(api, name, keep=p.get("ManagedPolicyArns", []))
    for policy in p.get("ManagedPolicyArns", []):
        api.call("iam", "AttachRolePolicy", RoleName=name, PolicyArn=policy)
    return before


def _limit(api: Api, made: Made, boundary: str | None) -> None:
    """Give a role another boundary, or none."""
    named = {"RoleName": made.id}
    if boundary == made.attributes["PermissionsBoundary"]:
        return
    if boundary:
        given = named | {"PermissionsBoundary": boundary}
        api.call("iam", "PutRolePermissionsBoundary", **given)
    else:
        api.call("iam", "DeleteRolePermissionsBoundary", **named)
    made.attributes["PermissionsBoundary"] = boundary


def _detach(api: Api, role_name: str, keep: list[str]) -> None:
    attached = api.call("iam", "ListAttachedRolePolicies", RoleName=role_name)
    for policy in attached["AttachedPolicies"]:
        if policy["PolicyArn"] not in keep:
            api.call(
                "iam",
                "DetachRolePolicy",
                RoleName=role_name,
                PolicyArn=policy["PolicyArn"],
            )


def _put_policy(api: Api, role_name: str, name: str, document: Properties) -> None:
    api.call(
        "iam",
        "PutRolePolicy",
        RoleName=role_name,
        PolicyName=name,
        PolicyDocument=json.dumps(document),
    )


def _delete_policy(api: Api, role_name: str, name: str) -> None:
    api.call("iam", "DeleteRolePolicy", RoleName=role_name, PolicyName=name)


def _remove_policy(api: Api, made: Made, p: Properties) -> None:
    for role_name in made.attributes["Roles"]:
        _delete_policy(api, role_name, made.id)


@resource_type("AWS::IAM::Policy", "AWS::IAM::RolePolicy", remove=_remove_policy)
def role_policy(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    roles = p.get("Roles") or [p["RoleName"]]
    for role_name in roles:
        _put_policy(api, role_name, p["PolicyName"], p["PolicyDocument"])
    for role_name in set(before.attributes["Roles"] if before else ()) - set(roles):
        _delete_policy(api, role_name, p["PolicyName"])
    return Made(p["PolicyName"], {"Roles": roles})


@resource_type(
    "AWS::IAM::OIDCProvider",
    remove=lambda api, made, _: api.call(
        "iam", "DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=made.id
    ),
    changes=False,
)
def oidc_provider(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    created = api.call(
        "iam",
        "CreateOpenIDConnectProvider",
        Url=p["Url"],
        ClientIDList=p.get("ClientIdList"),
        ThumbprintList=p.get("ThumbprintList"),
    )
    made = created["OpenIDConnectProviderArn"]
    return Made(made, {"Arn": made})


def _remove_secret(api: Api, made: Made, p: Properties) -> None:
    api.call(
        "secretsmanager",
        "DeleteSecret",
        SecretId=made.id,
        ForceDeleteWithoutRecovery=True,
    )


@resource_type("AWS::SecretsManager::Secret", remove=_remove_secret)
def secret(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    if before:
        if "SecretString" in p:
            value = {"SecretId": before.id, "SecretString": p["SecretString"]}
            api.call("secretsmanager", "PutSecretValue", **value)
        return before
    created = api.call(
        "secretsmanager",
        "CreateSecret",
        Name=p.get("Name", name),
        Description=p.get("Description"),
        SecretString=p.get("SecretString") or _generated(p.get("GenerateSecretString")),
    )
    return Made(created["ARN"], {"Id": created["ARN"]})


def _generated(wanted: Properties | None) -> str | None:
    if wanted is None:
        return None
    value = secrets.token_hex(64)[: int(wanted.get("PasswordLength", 32))]
    if "GenerateStringKey" not in wanted:
        return value
    template = json.loads(wanted.get("SecretStringTemplate", "{}"))
    return json.dumps(template | {wanted["GenerateStringKey"]: value})


BUCKET_SETTINGS = {
    "PutBucketVersioning": "VersioningConfiguration",
    "PutPublicAccessBlock": "PublicAccessBlockConfiguration",
    "PutBucketOwnershipControls": "OwnershipControls",
}


@resource_type(
    "AWS::S3::Bucket",
    remove=lambda api, made, _: api.call("s3", "DeleteBucket", Bucket=made.id),
)
def bucket(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    """Make a bucket without its lifecycle, and without notifications to a queue."""
    name = before.id if before else p.get("BucketName", name.lower())
    if not before:
        place = {"LocationConstraint": REGION}
        api.call("s3", "CreateBucket", Bucket=name, CreateBucketConfiguration=place)
    for operation, setting in BUCKET_SETTINGS.items():
        if setting in p:
            api.call("s3", operation, Bucket=name, **{setting: p[setting]})
    if "BucketEncryption" in p:
        rules = p["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        api.call(
            "s3",
            "PutBucketEncryption",
            Bucket=name,
            ServerSideEncryptionConfiguration={"Rules": _api_names(rules)},
        )
    return Made(
        name,
        {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{REGION}.amazonaws.com",
        },
    )


def _api_names(rules: list[Properties]) -> list[Properties]:
    default = "ServerSideEncryptionByDefault"
    return [{f"Apply{default}": rule[default]} for rule in rules]
