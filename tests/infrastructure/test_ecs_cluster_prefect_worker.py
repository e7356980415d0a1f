"""The platform's worker, its logs and its tasks' events: the template, read as data.

What moto drops or does not know. The stack itself is made and used on the fake AWS.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from prefect.settings import Settings
from prefect_aws.settings import EcsObserverSettings, EcsWorkerSettings

from blocks.ecs_pool import production_pool
from infrastructure.release.stack import FIRST_PROCESSOR
from tests.infrastructure.templates import (
    TEMPLATES,
    imported,
    of_type,
    properties,
    read,
    text,
)
from tests.repository.tree import ROOT
from tests.samples.platform_stack import FOUNDATION, STACK

PLATFORM = TEMPLATES["data-platform"]
PARAMETERS = read(PLATFORM)["Parameters"]
WORKER = properties(PLATFORM, "WorkerTask")["ContainerDefinitions"][0]
# The agent of ECS Exec writes into the container.
READ_ONLY = {"If": ["HasEcsExec", False, True]}
ENVIRONMENT = {each["Name"]: each["Value"] for each in WORKER["Environment"]}


def test_the_worker_has_its_secret_by_arn_alone():
    """Checks that the key which deploys is in no task, if tasks have one of their own."""
    of_tasks = {
        "If": [
            "TasksHaveKey",
            {"Ref": "PrefectTaskSecretArn"},
            {"Ref": "PrefectApiSecretArn"},
        ]
    }
    assert WORKER["Secrets"] == [
        {"Name": {"Ref": "PrefectApiSecretVariable"}, "ValueFrom": of_tasks}
    ]
    assert read(PLATFORM)["Outputs"]["PrefectTaskSecretArn"]["Value"] == of_tasks
    variables = set(PARAMETERS["PrefectApiSecretVariable"]["AllowedValues"])
    assert not variables & ENVIRONMENT.keys()


def test_every_setting_of_the_worker_is_one_that_prefect_reads(monkeypatch):
    """A mistyped name would be ignored without a word."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value if isinstance(value, str) else "set")
    observer, worker = EcsObserverSettings(), EcsWorkerSettings()
    settings = Settings()
    read_back = {
        "PREFECT_API_URL": settings.api.url,
        "PREFECT_CLIENT_MAX_RETRIES": str(settings.client.max_retries),
        "PREFECT_WORKER_WEBSERVER_HOST": settings.worker.webserver.host,
        "PREFECT_INTEGRATIONS_AWS_ECS_OBSERVER_SQS_QUEUE_NAME": observer.sqs.queue_name,
    } | {
        f"PREFECT_INTEGRATIONS_AWS_ECS_WORKER_{name.upper()}": str(value)
        for name, value in worker.model_dump().items()
        if name in worker.model_fields_set
    }
    of_prefect = {name for name in ENVIRONMENT if name.startswith("PREFECT_")}
    assert read_back.keys() == of_prefect
    for name, value in read_back.items():
        expected = ENVIRONMENT[name]
        assert value == (expected if isinstance(expected, str) else "set"), name
    queue = ENVIRONMENT["PREFECT_INTEGRATIONS_AWS_ECS_OBSERVER_SQS_QUEUE_NAME"]
    assert queue == {"GetAtt": "TaskEvents.QueueName"}


def test_the_worker_waits_when_aws_slows_it_down():
    assert ENVIRONMENT["AWS_RETRY_MODE"] == "standard"
    assert int(ENVIRONMENT["AWS_MAX_ATTEMPTS"]) >= 10


def test_the_worker_serves_the_pool_of_the_parameter():
    command = [text(each) for each in WORKER["Command"]]
    assert command[:3] == ["prefect", "worker", "start"]
    options = dict(zip(command[3:-1:2], command[4::2]))
    assert options == {
        "--pool": "${WorkPoolName}",
        "--type": "ecs",
        "--name": "${AWS::StackName}",
        "--limit": "10",
    }
    assert command[-1] == "--with-healthcheck"


def test_the_worker_is_asked_for_its_health_where_it_listens():
    check = WORKER["HealthCheck"]
    how, program, option, code = check["Command"]
    assert (how, program, option) == ("CMD", "python", "-c")
    compile(code, "health check", "exec")
    host = ENVIRONMENT["PREFECT_WORKER_WEBSERVER_HOST"]
    port = Settings().worker.webserver.port
    assert f"http://{host}:{port}/health" in code
    assert "PortMappings" not in WORKER
    assert check["Timeout"] < check["Interval"]


def test_the_service_is_private_and_rolls_back():
    service = properties(PLATFORM, "WorkerService")
    assert service["NetworkConfiguration"]["AwsvpcConfiguration"] == {
        "Subnets": {"Split": [",", imported("PrivateSubnetIds", "AWS::StackName")]},
        "SecurityGroups": [imported("TaskSecurityGroupId", "AWS::StackName")],
        "AssignPublicIp": "DISABLED",
    }
    deployment = service["DeploymentConfiguration"]
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert deployment["MinimumHealthyPercent"] == 100
    assert deployment["MaximumPercent"] == 200
    assert service["EnableExecuteCommand"] == {"Ref": "EcsExec"}
    assert PARAMETERS["EcsExec"]["Default"] == "false"
    assert WORKER["StopTimeout"] <= 120  # Fargate's most


def test_the_worker_is_as_confined_as_the_runs():
    task, pool = properties(PLATFORM, "WorkerTask"), definition_of_runs()
    (container,) = pool["containerDefinitions"]
    assert WORKER["ReadonlyRootFilesystem"] == READ_ONLY
    assert container["readonlyRootFilesystem"] is True
    for here, there in (
        (task["Volumes"], pool["volumes"]),
        (WORKER["MountPoints"], container["mountPoints"]),
    ):
        assert camel(here) == there
    of_worker, of_runs = WORKER["LinuxParameters"], container["linuxParameters"]
    assert of_worker["InitProcessEnabled"] == of_runs["initProcessEnabled"]
    # with ECS Exec neither drops any, see tests/blocks/test_ecs_pool.py
    condition, *dropped = of_worker["Capabilities"]["If"]
    assert condition == "HasEcsExec"
    assert dropped == [{"Ref": "AWS::NoValue"}, {"Drop": ["ALL"]}]
    assert of_runs["capabilities"] == {"drop": ["ALL"]}
    assert {each["ContainerPath"] for each in WORKER["MountPoints"]} == volumes()


def test_the_worker_and_the_runs_have_the_processor_of_the_parameter():
    of_worker = properties(PLATFORM, "WorkerTask")["RuntimePlatform"]
    assert of_worker["CpuArchitecture"] == {"Ref": "CpuArchitecture"}
    of_runs = definition_of_runs()["runtimePlatform"]
    assert of_worker["OperatingSystemFamily"] == of_runs["operatingSystemFamily"]
    output = read(PLATFORM)["Outputs"]["CpuArchitecture"]
    assert output["Value"] == {"Ref": "CpuArchitecture"}
    parameter = PARAMETERS["CpuArchitecture"]
    assert parameter["AllowedValues"] == ["X86_64", "ARM64"]
    # stacks and releases from before the parameter
    assert parameter["Default"] == FIRST_PROCESSOR


def test_watch_runs_beside_the_worker_and_as_confined():
    worker, watch = properties(PLATFORM, "WorkerTask")["ContainerDefinitions"]
    for name in ("Image", "Secrets", "MountPoints", "LinuxParameters"):
        assert watch[name] == worker[name], name
    assert watch["ReadonlyRootFilesystem"] == READ_ONLY
    assert watch["Command"] == ["python", "-m", "utils.watch"]
    # An end of watch neither ends the worker nor goes unrepaired.
    assert watch["Essential"] is False
    assert watch["RestartPolicy"]["Enabled"] is True


def definition_of_runs() -> dict[str, Any]:
    template = production_pool(STACK, FOUNDATION).base_job_template
    return template["job_configuration"]["task_definition"]


def volumes() -> set[str]:
    """Return the Dockerfile's volumes, which take their owner from the image."""
    (declared,) = re.findall(r"^VOLUME (.*)", (ROOT / "Dockerfile").read_text(), re.M)
    return set(json.loads(declared))


def camel(value: Any) -> Any:
    """Return CloudFormation's properties with the names of ECS's API."""
    if isinstance(value, dict):
        return {k[0].lower() + k[1:]: camel(each) for k, each in value.items()}
    return [camel(each) for each in value] if isinstance(value, list) else value


def test_the_count_of_workers_is_the_autoscalings():
    """A DesiredCount would undo it with every deployment."""
    assert "DesiredCount" not in properties(PLATFORM, "WorkerService")
    target = properties(PLATFORM, "WorkerCount")
    assert target["MinCapacity"] == {"Ref": "MinimumWorkers"}
    assert target["MaxCapacity"] == {"Ref": "MaximumWorkers"}
    assert target["ResourceId"] == {"Sub": "service/${Cluster}/${WorkerService.Name}"}
    minimum, maximum = PARAMETERS["MinimumWorkers"], PARAMETERS["MaximumWorkers"]
    assert minimum["MaxValue"] <= maximum["MinValue"]


def test_nothing_of_the_service_is_left_where_no_worker_is_wanted():
    """A reference to a resource that a condition leaves out fails the stack."""
    assert PARAMETERS["MinimumWorkers"]["MinValue"] == 0
    template = read(PLATFORM)
    (condition,) = template["Conditions"]["HasWorker"]["Not"]
    assert condition == {"Equals": [{"Ref": "MinimumWorkers"}, 0]}
    named = re.compile(r"\bWorker(?:Service|Count|Scaling)\b")
    for name, each in (template["Resources"] | template["Outputs"]).items():
        if named.search(json.dumps(each)) or named.search(name):
            assert each["Condition"] == "HasWorker", name
    assert template["Resources"]["NoWorker"]["Condition"] == "HasWorker"


def test_every_size_of_the_worker_is_one_of_fargates():
    sizes = {"256": (512, 1024, 2048), "512": (1024, 2048, 3072, 4096)}
    for cpu in PARAMETERS["WorkerCpu"]["AllowedValues"]:
        for memory in PARAMETERS["WorkerMemory"]["AllowedValues"]:
            assert int(memory) in sizes[cpu]


@pytest.mark.parametrize(
    ("uri", "fits"),
    [
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com/data-platform:4f2a", True),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com/data-platform:latest", False),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com/data-platform", False),
        ("docker.io/prefecthq/prefect:3", False),
    ],
)
def test_an_image_is_named_by_its_commit(uri, fits):
    assert bool(re.fullmatch(PARAMETERS["ImageUri"]["AllowedPattern"], uri)) == fits


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://api.prefect.cloud/api/accounts/0-1/workspaces/2-3", True),
        ("https://prefect.example.org:4200/api", True),
        ("http://127.0.0.1:4200/api", True),
        ("http://10.20.0.7/api", True),
        ("http://172.31.0.7:4200/api", True),
        ("http://192.168.0.7/api", True),
        ("http://prefect.eu-central-1.compute.internal:4200/api", True),
        ("http://prefect.local/api", True),
        ("http://prefect:4200/api", True),
        # the secret would cross the internet in clear
        ("http://prefect.example.org:4200/api", False),
        ("http://192.0.2.1/api", False),
        ("http://172.32.0.7/api", False),
        ("http://10.example.org/api", False),
        ("http://10.20.0.7@example.org/api", False),
        ("http://3221225985/api", False),
        ("https://app.prefect.cloud/account/0-1/workspace/2-3", False),
        ("https://prefect.example.org", False),
        ("https://prefect.example.org/api/", False),
    ],
)
def test_the_address_of_prefect_is_that_of_its_api(url, fits):
    assert (
        bool(re.fullmatch(PARAMETERS["PrefectApiUrl"]["AllowedPattern"], url)) == fits
    )


def test_logs_are_kept_for_the_days_of_the_parameter():
    groups = of_type(PLATFORM, "AWS::Logs::LogGroup")
    assert set(groups) == {"WorkerLogs", "FlowLogs"}
    for group in groups.values():
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    options = WORKER["LogConfiguration"]["Options"]
    assert options["awslogs-group"] == {"Ref": "WorkerLogs"}
    assert "awslogs-create-group" not in options
    # a log that cannot be written must not stop the worker
    for container in properties(PLATFORM, "WorkerTask")["ContainerDefinitions"]:
        options = container["LogConfiguration"]["Options"]
        assert options["mode"] == "non-blocking"
        assert options["max-buffer-size"] == "25m"


def test_events_of_this_clusters_tasks_go_into_the_observers_queue():
    rule = properties(PLATFORM, "TaskEventsRule")
    assert rule["EventPattern"] == {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {"clusterArn": [{"GetAtt": "Cluster.Arn"}]},
    }
    dead_letters = {"Arn": {"GetAtt": "DeadLetters.Arn"}}
    (target,) = rule["Targets"]
    assert target["Arn"] == {"GetAtt": "TaskEvents.Arn"}
    assert target["DeadLetterConfig"] == dead_letters


def test_an_event_that_nobody_handles_is_kept_for_two_weeks():
    queues = of_type(PLATFORM, "AWS::SQS::Queue")
    assert all(each["SqsManagedSseEnabled"] is True for each in queues.values())
    redrive = queues["TaskEvents"]["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"GetAtt": "DeadLetters.Arn"}
    assert redrive["maxReceiveCount"] > 1
    assert queues["DeadLetters"]["MessageRetentionPeriod"] == 14 * 24 * 60 * 60


@pytest.mark.parametrize("queue", ["TaskEvents", "DeadLetters"])
def test_only_the_rule_may_send_to_a_queue(queue):
    policy = properties(PLATFORM, f"{queue}Policy")
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": {"GetAtt": f"{queue}.Arn"},
        "Condition": {"ArnEquals": {"aws:SourceArn": {"GetAtt": "TaskEventsRule.Arn"}}},
    }
