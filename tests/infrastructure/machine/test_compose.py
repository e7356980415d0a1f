"""compose.machine.yaml over compose.yaml: the worker is that of the platform's template.

Merged as Compose merges: mappings are joined, sequences added, what has !override replaces,
what has !reset is removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.infrastructure.templates import INFRASTRUCTURE, TEMPLATES, properties, text

# Compose replaces these as a whole.
WHOLE = ("command", "test")
# What a value of the template is in the machine's settings.
SETTINGS = {
    "${PrefectApiUrl}": "${PREFECT_API_URL}",
    "${AWS::Region}": "${AWS_DEFAULT_REGION}",
    "${AWS::StackName}": "${PLATFORM}",
    "${Cluster.Arn}": "${CLUSTER}",
    "${TaskEvents.QueueName}": "${EVENTS_QUEUE}",
    "${WorkPoolName}": "${WORK_POOL}",
    "${RunbookUrl}": "${RUNBOOK_URL}",
    "${PrefectApiSecretVariable}": "PREFECT_API_AUTH_STRING",
    "${WorkerLogs}": "${WORKER_LOGS}",
    "${ImageUri}": "${IMAGE}",
}


@dataclass
class Tagged:
    """Value that replaces another, or removes it."""

    value: Any


class Loader(yaml.SafeLoader):
    """Reader of Compose's tags."""


def _override(loader: yaml.SafeLoader, node: yaml.Node) -> Tagged:
    if isinstance(node, yaml.MappingNode):
        return Tagged(loader.construct_mapping(node, deep=True))
    assert isinstance(node, yaml.SequenceNode)
    return Tagged(loader.construct_sequence(node, deep=True))


Loader.add_constructor("!override", _override)
Loader.add_constructor("!reset", lambda *_: Tagged(None))


def merged(old: Any, new: Any) -> Any:
    if isinstance(new, Tagged):
        return new.value
    if isinstance(old, dict) and isinstance(new, dict):
        both = {
            key: new[key] if key in WHOLE else merged(old.get(key), new[key])
            for key in new
        }
        return {k: v for k, v in (old | both).items() if v is not None}
    if isinstance(old, list) and isinstance(new, list):
        return old + new
    return new


FILES = [
    yaml.load((INFRASTRUCTURE / name).read_text(), Loader)
    for name in ("compose.yaml", "compose.machine.yaml")
]
SERVICES = merged(*FILES)["services"]
CONTAINERS = {
    each["Name"]: each
    for each in properties(TEMPLATES["data-platform"], "WorkerTask")[
        "ContainerDefinitions"
    ]
}
of_both = pytest.mark.parametrize("name", ["worker", "watch"])


def value(of_template: Any) -> str:
    found = text(of_template)
    return SETTINGS.get(found, found)


def test_the_services_are_those_of_the_platform_s_task():
    assert CONTAINERS.keys() == {"worker", "watch"}
    assert SERVICES.keys() == {"database", "server", "worker", "watch"}


@of_both
def test_a_service_runs_the_template_s_command_in_the_project_s_image(name):
    service, container = SERVICES[name], CONTAINERS[name]
    assert service["command"] == [value(word) for word in container["Command"]]
    assert service["image"] == value(container["Image"])
    # as the image's unprivileged user, in its folder
    assert not {"build", "user", "working_dir"} & service.keys()


@of_both
def test_a_service_has_the_template_s_environment(name):
    container = CONTAINERS[name]
    expected = {each["Name"]: value(each["Value"]) for each in container["Environment"]}
    (secret,) = container["Secrets"]
    expected[value(secret["Name"])] = "${PREFECT_API_AUTH_STRING}"
    expected["AWS_CONFIG_FILE"] = "/etc/aws.config"
    assert SERVICES[name]["environment"] == expected


@of_both
def test_a_service_has_the_template_s_limits(name):
    service, container = SERVICES[name], CONTAINERS[name]
    assert service["read_only"] is True
    # the machine has no agent of ECS Exec
    assert container["ReadonlyRootFilesystem"] == {"If": ["HasEcsExec", False, True]}
    linux = container["LinuxParameters"]
    assert service["cap_drop"] == ["ALL"]
    _, _, without_agent = linux["Capabilities"]["If"]
    assert without_agent == {"Drop": service["cap_drop"]}
    assert service["init"] is linux["InitProcessEnabled"] is True
    seconds = {"1m": 60, "30s": 30}[service["stop_grace_period"]]
    assert seconds == container["StopTimeout"]


@of_both
def test_a_service_logs_where_the_platform_s_alarm_reads(name):
    logging = SERVICES[name]["logging"]
    assert logging["driver"] == CONTAINERS[name]["LogConfiguration"]["LogDriver"]
    options = CONTAINERS[name]["LogConfiguration"]["Options"]
    assert logging["options"] == {
        "awslogs-group": value(options["awslogs-group"]),
        "awslogs-region": value(options["awslogs-region"]),
        "awslogs-stream": f"{name}/${{STACK}}",
        # the service goes on if CloudWatch does not answer
        "mode": "non-blocking",
    }


def test_the_worker_has_the_template_s_health_check():
    check, of_template = (
        SERVICES["worker"]["healthcheck"],
        CONTAINERS["worker"]["HealthCheck"],
    )
    assert check == {
        "test": of_template["Command"],
        "interval": f"{of_template['Interval']}s",
        "timeout": f"{of_template['Timeout']}s",
        "retries": of_template["Retries"],
        "start_period": f"{of_template['StartPeriod'] // 60}m",
    }
    assert "healthcheck" not in SERVICES["watch"]


@of_both
def test_a_service_is_left_out_unless_the_machine_is_the_worker(name):
    assert SERVICES[name]["profiles"] == ["worker"]
    # where AWS gives the machine's keys
    assert SERVICES[name]["network_mode"] == "host"
    assert SERVICES[name]["volumes"] == ["./aws.config:/etc/aws.config:ro"]


def test_the_network_reaches_the_server_and_not_the_database():
    assert SERVICES["server"]["ports"] == ["4200:4200"]
    assert "ports" not in SERVICES["database"]
    assert not [
        each for each in ("server", "database") if "network_mode" in SERVICES[each]
    ]


def test_all_else_is_that_of_every_server():
    for name in ("database", "server"):
        changed = {"database": {"mem_limit"}, "server": {"ports", "labels"}}[name]
        before = FILES[0]["services"][name]
        same = {k: v for k, v in SERVICES[name].items() if k not in changed}
        assert same == {k: v for k, v in before.items() if k not in changed}


def test_the_data_is_on_the_disk_that_outlives_the_machine():
    volumes = merged(*FILES)["volumes"]
    assert volumes.keys() == FILES[0]["volumes"].keys()
    for name, each in volumes.items():
        bound = {"type": "none", "o": "bind", "device": f"/data/{name}"}
        assert each == {"driver_opts": bound}


def test_the_memory_of_a_small_machine_is_enough():
    """2 GB and 1 GB of swap, of which the system takes some."""
    megabytes = {"m": 1, "g": 1024}
    limits = [each["mem_limit"] for each in SERVICES.values()]
    assert sum(int(each[:-1]) * megabytes[each[-1]] for each in limits) <= 2048
