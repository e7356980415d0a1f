"""CloudFormation's types around a server: RDS, EFS, load balancers and their names.

They only exist: no database listens, and no balancer forwards. A file system's folder is
mounted into tasks (`volumes.py`).
"""

from __future__ import annotations

from tests.cloud.account import arn
from tests.cloud.api import Api
from tests.cloud.stack_types import Made, Properties, resource_type

# What CloudFormation sets otherwise than by the call that makes a thing.
OF_MODIFYING = ("AllowMajorVersionUpgrade", "DeleteAutomatedBackups")
CHANGED_IN_PLACE = (
    *("AllocatedStorage", "BackupRetentionPeriod", "DBInstanceClass"),
    *("DeletionProtection", "MasterUserPassword", "MultiAZ"),
)


def _subnet_group(made: Made) -> dict[str, str]:
    return {"DBSubnetGroupName": made.id}


@resource_type(
    "AWS::RDS::DBSubnetGroup",
    remove=lambda api, made, _: api.call(
        "rds", "DeleteDBSubnetGroup", **_subnet_group(made)
    ),
    changes=False,
)
def subnet_group(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    made = Made(name.lower())
    api.call("rds", "CreateDBSubnetGroup", **_subnet_group(made), **p)
    return made


def _remove_database(api: Api, made: Made, p: Properties) -> None:
    given = {"DeleteAutomatedBackups": p.get("DeleteAutomatedBackups")}
    given["FinalDBSnapshotIdentifier"] = f"{made.id}-final"
    api.call("rds", "DeleteDBInstance", DBInstanceIdentifier=made.id, **given)


@resource_type("AWS::RDS::DBInstance", remove=_remove_database)
def database(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    if before:
        changed = {key: p[key] for key in CHANGED_IN_PLACE if key in p}
        named = {"DBInstanceIdentifier": before.id, "ApplyImmediately": True}
        api.call("rds", "ModifyDBInstance", **named, **changed)
        return before
    name = p.get("DBInstanceIdentifier", name[:63]).lower()
    given = {key: value for key, value in p.items() if key not in OF_MODIFYING}
    given["VpcSecurityGroupIds"] = given.pop("VPCSecurityGroups", None)
    given = {key: value for key, value in given.items() if value is not None}
    created = api.call(
        "rds", "CreateDBInstance", **given | {"DBInstanceIdentifier": name}
    )["DBInstance"]
    return Made(
        name,
        {
            "DBInstanceArn": created["DBInstanceArn"],
            "Endpoint.Address": created["Endpoint"]["Address"],
            "Endpoint.Port": str(created["Endpoint"]["Port"]),
        },
    )


@resource_type(
    "AWS::EFS::FileSystem",
    remove=lambda api, made, _: api.call(
        "efs", "DeleteFileSystem", FileSystemId=made.id
    ),
    changes=False,
)
def file_system(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    """Make a file system without its policy: the fake has no callers of files."""
    backup = p.get("BackupPolicy", {}).get("Status") == "ENABLED"
    left_out = ("BackupPolicy", "FileSystemPolicy", "FileSystemTags")
    given = {key: value for key, value in p.items() if key not in left_out}
    made = api.call(
        "efs", "CreateFileSystem", CreationToken=name, Backup=backup, **given
    )["FileSystemId"]
    file_system_arn = arn("elasticfilesystem", f"file-system/{made}")
    return Made(made, {"FileSystemId": made, "Arn": file_system_arn})


@resource_type(
    "AWS::EFS::MountTarget",
    remove=lambda api, made, _: api.call(
        "efs", "DeleteMountTarget", MountTargetId=made.id
    ),
    changes=False,
)
def mount_target(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    made = api.call("efs", "CreateMountTarget", **p)
    return Made(made["MountTargetId"], {"IpAddress": made["IpAddress"]})


@resource_type(
    "AWS::EFS::AccessPoint",
    remove=lambda api, made, _: api.call(
        "efs", "DeleteAccessPoint", AccessPointId=made.id
    ),
    changes=False,
)
def access_point(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    made = api.call("efs", "CreateAccessPoint", ClientToken=name, **p)
    made_id = made["AccessPointId"]
    return Made(made_id, {"AccessPointId": made_id, "Arn": made["AccessPointArn"]})


def _set_attributes(api: Api, of: str, made: str, p: Properties) -> None:
    """Set the attributes of a balancer or its target."""
    if attributes := p.get(f"{of}Attributes"):
        given = {f"{of}Arn": made, "Attributes": attributes}
        api.call("elbv2", f"Modify{of}Attributes", **given)


def _short(name: str) -> str:
    """Return a name that is short enough for a balancer."""
    return name[-32:].strip("-")


@resource_type(
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    remove=lambda api, made, _: api.call(
        "elbv2", "DeleteLoadBalancer", LoadBalancerArn=made.id
    ),
    changes=False,
)
def balancer(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    given = {"Name": _short(name)} | p
    given.pop("LoadBalancerAttributes", None)
    (created,) = api.call("elbv2", "CreateLoadBalancer", **given)["LoadBalancers"]
    made = created["LoadBalancerArn"]
    _set_attributes(api, "LoadBalancer", made, p)
    return Made(
        made,
        {
            "LoadBalancerArn": made,
            "LoadBalancerFullName": made.partition(":loadbalancer/")[2],
            "DNSName": created["DNSName"],
            "CanonicalHostedZoneID": created["CanonicalHostedZoneId"],
        },
    )


@resource_type(
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    remove=lambda api, made, _: api.call(
        "elbv2", "DeleteTargetGroup", TargetGroupArn=made.id
    ),
    changes=False,
)
def target_group(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    given = {"Name": _short(name)} | p
    given.pop("TargetGroupAttributes", None)
    (created,) = api.call("elbv2", "CreateTargetGroup", **given)["TargetGroups"]
    made = created["TargetGroupArn"]
    _set_attributes(api, "TargetGroup", made, p)
    full_name = made.rpartition(":")[2]
    return Made(made, {"TargetGroupArn": made, "TargetGroupFullName": full_name})


@resource_type(
    "AWS::ElasticLoadBalancingV2::Listener",
    remove=lambda api, made, _: api.call(
        "elbv2", "DeleteListener", ListenerArn=made.id
    ),
    changes=False,
)
def listener(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    (created,) = api.call("elbv2", "CreateListener", **p)["Listeners"]
    return Made(created["ListenerArn"], {"ListenerArn": created["ListenerArn"]})


def _change_record(api: Api, action: str, p: Properties) -> None:
    alias = {"EvaluateTargetHealth": False} | p["AliasTarget"]
    record = {"Name": p["Name"], "Type": p["Type"], "AliasTarget": alias}
    changes = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    zone = p["HostedZoneId"]
    api.call(
        "route53", "ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch=changes
    )


@resource_type(
    "AWS::Route53::RecordSet",
    remove=lambda api, made, p: _change_record(api, "DELETE", p),
)
def record(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    """Make an alias, the only kind of record here."""
    _change_record(api, "UPSERT", p)
    return Made(p["Name"])
