"""Prefect's server on Fargate: its task, service and balancer, the template read as data.

What moto drops or does not know. The stack itself is made and used on the fake AWS.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from prefect.settings import Settings

from tests.infrastructure.templates import (
    INFRASTRUCTURE,
    SERVERS,
    of_type,
    properties,
    read,
)

SERVER = SERVERS["ecs"]
PARAMETERS = read(SERVER)["Parameters"]
CONTAINERS = {
    task: {each["Name"]: each for each in given["ContainerDefinitions"]}
    for task, given in of_type(SERVER, "AWS::ECS::TaskDefinition").items()
}
EVERY_CONTAINER = [
    (task, name) for task, containers in CONTAINERS.items() for name in containers
]
PREFECT = CONTAINERS["ServerTask"]["server"]
ENVIRONMENT = {each["Name"]: each["Value"] for each in PREFECT["Environment"]}
SECRETS = {each["Name"]: each["ValueFrom"] for each in PREFECT["Secrets"]}
COMPOSE = yaml.safe_load((INFRASTRUCTURE / "compose.yaml").read_text())["services"]
DATABASE_PASSWORD = {"Sub": "${DatabaseSecret}:password::"}


def attributes(name: str, kind: str) -> dict[str, str]:
    """Return the attributes of a balancer or a target."""
    given = properties(SERVER, name)[f"{kind}Attributes"]
    return {each["Key"]: each["Value"] for each in given}


def test_the_servers_image_is_that_of_compose():
    image = COMPOSE["server"]["image"]
    # Not a parameter's default: an update keeps the value that a stack has.
    wanted = {"If": ["HasImage", {"Ref": "ServerImage"}, image]}
    assert PREFECT["Image"] == CONTAINERS["RestoreTask"]["forget"]["Image"] == wanted


def test_the_programs_of_postgresql_are_those_of_compose_and_of_the_database():
    found = {
        container["Image"]
        for containers in CONTAINERS.values()
        for container in containers.values()
        if isinstance(container["Image"], str)
    }
    assert found == {COMPOSE["database"]["image"]}
    major = properties(SERVER, "Database")["EngineVersion"]
    assert f"postgres:{major}." in found.pop()


def test_one_process_with_all_services_runs_and_never_two():
    assert PREFECT["Command"] == ["prefect", "server", "start"]
    service = properties(SERVER, "Service")
    assert service["DesiredCount"] == 1
    deployment = service["DeploymentConfiguration"]
    assert deployment["MinimumHealthyPercent"] == 0
    assert deployment["MaximumPercent"] == 100
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert service["AvailabilityZoneRebalancing"] == "DISABLED"
    # A second one would need a broker between them.
    assert not [each for each in ENVIRONMENT if "REDIS" in each or "MESSAGING" in each]


def test_every_setting_is_one_that_prefect_reads(monkeypatch):
    """A mistyped name would be ignored without a word."""
    given = {
        name: value if isinstance(value, str) else made_up(name, value)
        for name, value in (ENVIRONMENT | SECRETS).items()
        if name.startswith("PREFECT_")
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    found = settings.to_environment_variables(exclude_unset=True, include_secrets=True)
    # whose variables are made from parts of the same setting
    assert given.keys() - found.keys() == set()
    assert settings.server.api.keepalive_timeout == 75
    assert settings.server.api.csrf_protection_enabled is True
    assert settings.server.analytics_enabled is False
    assert settings.server.services.db_vacuum.enabled_vacuum_types == {
        *("events", "flow_runs", "orphans"),
    }
    assert settings.server.services.db_vacuum.retention_period.days == 400
    url = settings.server.database.connection_url
    assert url is not None and url.get_secret_value() == (
        "postgresql+asyncpg://prefect:secret@a.host:5432/prefect"
    )


def made_up(name: str, value: dict[str, Any]) -> str:
    """Return a value of the kind that a template's expression has."""
    match value:
        case {"Sub": "P${RunRetentionDays}D"}:
            return f"P{PARAMETERS['RunRetentionDays']['Default']}D"
        case {"GetAtt": "Database.Endpoint.Port"}:
            return "5432"
        case {"GetAtt": "Database.Endpoint.Address"}:
            return "a.host"
        case {"Sub": str(text)} if text.startswith("https://"):
            return text.replace("${HostName}", "prefect.example.org")
    return "secret" if name in SECRETS else "unknown"


def test_links_have_the_servers_name_and_the_ui_finds_its_api_beside_itself():
    name = {"Sub": "https://${HostName}"}
    assert ENVIRONMENT["PREFECT_UI_URL"] == name
    assert ENVIRONMENT["PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS"] == name
    api = {"Sub": "https://${HostName}/api"}
    assert ENVIRONMENT["PREFECT_SERVER_UI_API_URL"] == "/api"
    assert read(SERVER)["Outputs"]["PrefectApiUrl"]["Value"] == api


def test_secrets_come_by_arn_alone():
    assert SECRETS == {
        "PREFECT_SERVER_API_AUTH_STRING": {"Ref": "ApiSecretArn"},
        "PREFECT_SERVER_DATABASE_PASSWORD": DATABASE_PASSWORD,
    }
    for task, name in EVERY_CONTAINER:
        given = [each["Name"] for each in CONTAINERS[task][name].get("Environment", [])]
        assert not [each for each in given if re.search("PASSWORD|AUTH|KEY", each)]


def test_leases_outlive_the_task_of_which_this_project_has_the_module():
    local = ENVIRONMENT["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"]
    assert local == "infrastructure.lease_storage"
    mounts = {each["ContainerPath"]: each for each in PREFECT["MountPoints"]}
    assert mounts[ENVIRONMENT["PREFECT_HOME"]]["SourceVolume"] == "home"
    code = mounts[ENVIRONMENT["PYTHONPATH"]]
    assert code == {"SourceVolume": "code", "ContainerPath": "/code", "ReadOnly": True}
    prepare = CONTAINERS["ServerTask"]["prepare"]
    assert "/app/infrastructure/lease_storage.py /code/infra" in prepare["Command"][-1]
    assert PREFECT["DependsOn"] == [
        {"ContainerName": "prepare", "Condition": "SUCCESS"}
    ]
    assert prepare["Essential"] is False  # what others wait for must not be


@pytest.mark.parametrize("task, name", EVERY_CONTAINER)
def test_a_container_is_confined_and_logs(task, name):
    container = CONTAINERS[task][name]
    # Session Manager's agent needs another, in an internal server's container alone
    if (task, name) != ("ServerTask", "server"):
        assert container["ReadonlyRootFilesystem"] is True
        assert list(container["LinuxParameters"]) == ["Capabilities"]
    assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    options = container["LogConfiguration"]["Options"]
    assert options["awslogs-group"] == {"Ref": "ServerLogs"}
    # Root, without capabilities, where a task's volume is written, which belongs to it.
    written = [
        each["SourceVolume"]
        for each in container.get("MountPoints", [])
        if not each.get("ReadOnly")
    ]
    as_root = {"prepare", "dump", "fetch", "restore"}
    assert (container.get("User") == "0") == (name in as_root)
    assert set(written) <= {"home", "tmp"} or name in as_root


def test_the_file_system_is_the_servers_users_in_both_zones():
    point = properties(SERVER, "ServerFiles")
    uid, gid = PREFECT["User"].split(":")
    assert point["PosixUser"] == {"Uid": uid, "Gid": gid}
    made = point["RootDirectory"]["CreationInfo"]
    assert (made["OwnerUid"], made["OwnerGid"], made["Permissions"]) == (
        *(uid, gid, "0700"),
    )
    assert CONTAINERS["RestoreTask"]["forget"]["User"] == PREFECT["User"]
    assert properties(SERVER, "Files")["Encrypted"] is True
    targets = of_type(SERVER, "AWS::EFS::MountTarget").values()
    assert [each["SubnetId"]["Select"][0] for each in targets] == [0, 1]
    for task in ("ServerTask", "RestoreTask"):
        (home,) = [
            each for each in properties(SERVER, task)["Volumes"] if len(each) > 1
        ]
        efs = home["EFSVolumeConfiguration"]
        assert efs["TransitEncryption"] == "ENABLED"
        assert efs["AuthorizationConfig"]["AccessPointId"] == {"Ref": "ServerFiles"}
    (statement,) = properties(SERVER, "Files")["FileSystemPolicy"]["Statement"]
    assert statement["Condition"]["Bool"]["aws:SecureTransport"] == "true"
    assert "elasticfilesystem:ClientRootAccess" not in statement["Action"]


def test_the_balancer_takes_tls_alone_and_asks_for_the_servers_health():
    (listener,) = of_type(SERVER, "AWS::ElasticLoadBalancingV2::Listener").values()
    assert (listener["Protocol"], listener["Port"]) == ("HTTPS", 443)
    assert listener["Certificates"] == [{"CertificateArn": {"Ref": "CertificateArn"}}]
    assert "TLS13-1-2" in listener["SslPolicy"]
    target = properties(SERVER, "Target")
    # /api/ready would have ECS end the server while the database is away
    assert target["HealthCheckPath"] == "/api/health"
    port = int(ENVIRONMENT["PREFECT_SERVER_API_PORT"])
    (balanced,) = properties(SERVER, "Service")["LoadBalancers"]
    assert target["Port"] == balanced["ContainerPort"] == port
    assert PREFECT["PortMappings"] == [{"ContainerPort": port}]
    assert ENVIRONMENT["PREFECT_SERVER_API_HOST"] == "0.0.0.0"


def test_no_connection_is_closed_in_use_and_no_deployment_waits_for_old_ones():
    idle = attributes("Balancer", "LoadBalancer")["idle_timeout.timeout_seconds"]
    keepalive = ENVIRONMENT["PREFECT_SERVER_API_KEEPALIVE_TIMEOUT"]
    assert int(keepalive) > int(idle) == 60
    delay = attributes("Target", "TargetGroup")["deregistration_delay.timeout_seconds"]
    # while the server is away
    assert int(delay) <= PREFECT["StopTimeout"] <= 30


def test_runs_are_kept_for_longer_than_a_year_by_default():
    """They are the record of a backfill."""
    assert PARAMETERS["RunRetentionDays"]["Default"] > 366


def test_every_size_is_one_of_fargates():
    sizes = {
        "256": (512, 1024, 2048),
        "512": range(1024, 4097, 1024),
        "1024": range(2048, 8193, 1024),
        "2048": range(4096, 16385, 1024),
    }
    assert set(PARAMETERS["ServerCpu"]["AllowedValues"]) == sizes.keys()
    default = PARAMETERS["ServerCpu"]["Default"], PARAMETERS["ServerMemory"]["Default"]
    assert int(default[1]) in sizes[default[0]]
