"""The template of the pool `production`, as a worker makes tasks of it."""

from __future__ import annotations

import asyncio
import re
from copy import deepcopy
from logging import getLogger
from typing import Any, Iterator
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import Flow, FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.settings import (
    PREFECT_API_AUTH_STRING,
    PREFECT_API_KEY,
    temporary_settings,
)
from prefect.utilities.schema_tools import validate
from prefect_aws.workers.ecs_worker import ECSJobConfiguration, ECSWorker

from blocks.ecs_pool import CPU, MEMORY, production_pool
from infrastructure.release.stack.template import read_template
from tests.fakes.aws import REGION
from tests.repository.tree import ROOT
from tests.samples.platform_stack import FOUNDATION, NAME, OUTPUTS, without
from utils.aws.fargate import MEMORY_BY_CPU
from utils.aws.stack import TEMPLATE, StackOutputs
from utils.errors import ClearError
from utils.reports.differences import revealed

KEY = "the-key"
SECRETS = {
    "PREFECT_API_KEY": "prefect_api_key_secret_arn",
    "PREFECT_API_AUTH_STRING": "prefect_api_auth_string_secret_arn",
}


def template_of(outputs: dict[str, str]) -> dict[str, Any]:
    stack = StackOutputs(NAME, REGION, "CREATE_COMPLETE", outputs)
    return revealed(production_pool(stack, FOUNDATION).base_job_template)


def run_of_a_deployment() -> FlowRun:
    return FlowRun(id=uuid4(), flow_id=uuid4(), deployment_id=uuid4())


@pytest.fixture(params=list(SECRETS))
def variable(request: pytest.FixtureRequest, prefect_api: str) -> Iterator[str]:
    """Name of the API's secret, which the worker has in its environment."""
    settings = {
        "PREFECT_API_KEY": PREFECT_API_KEY,
        "PREFECT_API_AUTH_STRING": PREFECT_API_AUTH_STRING,
    }
    with temporary_settings({settings[request.param]: KEY}):
        yield request.param


def prepared(
    outputs: dict[str, str],
    run: FlowRun,
    flow: Flow | None = None,
    deployment: DeploymentResponse | None = None,
    **job_variables: Any,
) -> ECSJobConfiguration:
    """Return a worker's configuration of a deployment's run."""

    configuration = asyncio.run(
        ECSJobConfiguration.from_template_and_values(
            template_of(outputs), {"image": "repository:1", **job_variables}
        )
    )
    configuration.prepare_for_flow_run(run, deployment, flow)
    return configuration


def test_a_task_has_all_that_the_stack_says(variable):
    run = run_of_a_deployment()
    made = prepared(OUTPUTS | {"PrefectApiSecretVariable": variable}, run)

    definition = ECSWorker("production")._prepare_task_definition(made, REGION, run)

    (container,) = definition["containerDefinitions"]
    assert container["image"] == "repository:1"
    assert container["secrets"] == [
        {"name": variable, "valueFrom": OUTPUTS["PrefectTaskSecretArn"]}
    ]
    assert container["logConfiguration"]["options"] == {
        "awslogs-group": "/data-platform/flows",
        "awslogs-create-group": "false",
        "awslogs-region": REGION,
        "awslogs-stream-prefix": "flows",
        # neither is left to a default of ECS or of the account
        "mode": "non-blocking",
        "max-buffer-size": "25m",
    }
    assert (definition["cpu"], definition["memory"]) == ("512", "1024")
    assert "ephemeralStorage" not in definition
    assert definition["enableFaultInjection"] is False
    assert container["linuxParameters"] == {
        "initProcessEnabled": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["readonlyRootFilesystem"] is True
    assert [each["containerPath"] for each in container["mountPoints"]] == [
        *("/home/app", "/tmp")
    ]
    assert definition["executionRoleArn"] == OUTPUTS["ExecutionRoleArn"]
    assert definition["family"].endswith(f"_{run.deployment_id}")
    assert made.match_latest_revision_in_family
    assert made.task_run_request["cluster"] == OUTPUTS["ClusterArn"]
    assert made.task_run_request["launchType"] == "FARGATE"
    assert "enableExecuteCommand" not in made.task_run_request
    assert made.task_run_request["overrides"]["taskRoleArn"] == OUTPUTS["FlowRoleArn"]
    assert made.vpc_id == FOUNDATION["VpcId"]
    assert made.network_configuration == {
        "subnets": FOUNDATION["PrivateSubnetIds"].split(","),
        "securityGroups": [FOUNDATION["TaskSecurityGroupId"]],
        "assignPublicIp": "DISABLED",
    }
    assert KEY not in str(definition) + str(made)


@pytest.mark.parametrize("processor", ["X86_64", "ARM64"])
def test_a_task_has_the_stacks_processor(variable, processor):
    run = run_of_a_deployment()
    outputs = {"PrefectApiSecretVariable": variable, "CpuArchitecture": processor}
    made = prepared(OUTPUTS | outputs, run)

    definition = ECSWorker("production")._prepare_task_definition(made, REGION, run)

    assert definition["runtimePlatform"] == {
        "cpuArchitecture": processor,
        "operatingSystemFamily": "LINUX",
    }


def test_a_stack_without_the_processor_has_to_be_updated():
    with pytest.raises(ClearError, match="no output CpuArchitecture.* or update it"):
        template_of(without("CpuArchitecture"))


def test_a_deployment_names_its_source_and_runs_with_its_role():
    variables = {"PrefectApiSecretVariable": "PREFECT_API_AUTH_STRING"}
    run = run_of_a_deployment()
    for given, suffix in (({}, "flow"), ({"role": "van"}, "van")):
        made = prepared(OUTPUTS | variables, run, **given)
        role = made.task_run_request["overrides"]["taskRoleArn"]
        assert role == OUTPUTS["FlowRoleArn"].removesuffix("flow") + suffix


@pytest.mark.parametrize("role", ["", "vn", "hubspot,van", "../ExecutionRole"])
def test_a_source_without_a_role_is_refused(role):
    variables = template_of(OUTPUTS)["variables"]
    assert validate({"role": role}, variables, ignore_required=True)
    assert not validate({"role": "van"}, variables, ignore_required=True)
    assert "task_role_arn" not in variables["properties"]


def test_the_environment_of_a_run(variable):
    """Settings of the worker come first, then the pool's, then the deployment's."""
    own = {"STAGING_IAM_ROLE": "r", "DATASET_NAME_LAYOUT": "trial_%s"}
    outputs = OUTPUTS | {"PrefectApiSecretVariable": variable}
    # by default a dataset has its plain name in production, without `dev_`
    of_pool = prepared(outputs, run_of_a_deployment()).env
    assert of_pool["DATASET_NAME_LAYOUT"] == "%s"

    environment = prepared(outputs, run_of_a_deployment(), env=own).env

    assert set(SECRETS).isdisjoint(environment)
    assert environment["PREFECT_HOME"]
    assert (
        environment
        | {
            "PREFECT_API_URL": OUTPUTS["PrefectApiUrl"],
            "DESTINATION__WAREHOUSE__DESTINATION_TYPE": "snowflake",
            "DESTINATION__LAKE__BUCKET_URL": "s3://the-lake",
            "PROVIDERS__ENABLE_AWS_SECRETS": "true",
            "AWS_DEFAULT_REGION": REGION,
            "EXPECTED_OUTBOUND_IP": "203.0.113.7",
            "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
            **own,
        }
        == environment
    )


SIZE = {"cpu": 1024, "memory": 4096, "ephemeral_storage": 50}


def test_a_deployments_size_arrives_in_the_definition_and_in_the_task(variable):
    run = run_of_a_deployment()
    made = prepared(OUTPUTS | {"PrefectApiSecretVariable": variable}, run, **SIZE)

    definition = ECSWorker("production")._prepare_task_definition(made, REGION, run)

    assert (definition["cpu"], definition["memory"]) == ("1024", "4096")
    assert definition["ephemeralStorage"] == {"sizeInGiB": 50}
    overrides = made.task_run_request["overrides"]
    assert (overrides["cpu"], overrides["memory"]) == (1024, 4096)


def test_a_run_has_more_of_a_processor_than_the_worker_and_no_less_memory():
    parameters = read_template((ROOT / TEMPLATE).read_text())["Parameters"]
    assert CPU > int(parameters["WorkerCpu"]["Default"])
    assert MEMORY >= int(parameters["WorkerMemory"]["Default"])
    assert MEMORY in MEMORY_BY_CPU[CPU]


@pytest.mark.parametrize(
    "given",
    [
        {"cpu": 300},
        {"cpu": "512"},
        {"cpu": None},
        {"memory": 256},
        {"memory": None},
        {"ephemeral_storage": 20},
        {"ephemeral_storage": 201},
        {"ephemeral_storage": None},
        {"launch_type": "FARGATE_SPOT"},
        {"launch_type": "EC2"},
    ],
    ids=str,
)
def test_a_size_that_fargate_does_not_have_is_refused(given):
    """Holds for a single run, too, whose size is not in prefect.yaml."""
    variables = template_of(OUTPUTS)["variables"]
    assert validate(given, variables, ignore_required=True)
    assert not validate(SIZE, variables, ignore_required=True)
    assert "capacity_provider_strategy" not in variables["properties"]


@pytest.mark.parametrize(
    "name", ["plain", "Größe + Co. (1), 2", "日本", "a\"b'c\n", "#"]
)
def test_the_tags_of_a_task_are_what_aws_takes(variable, name):
    run = run_of_a_deployment().model_copy(update={"name": name})
    made = prepared(
        OUTPUTS | {"PrefectApiSecretVariable": variable},
        *(run, Flow(id=run.flow_id, name=name)),
        DeploymentResponse(id=run.deployment_id, flow_id=run.flow_id, name=name),
        labels={"team": name},
    )
    made.network_configuration = {}

    request = ECSWorker("production")._prepare_task_run_request(
        made, {}, "arn", new_task_definition_registered=True
    )

    tags = {each["key"]: each["value"] for each in request["tags"]}
    assert len(tags) == len(request["tags"]) <= 50
    assert tags["stack"] == NAME
    assert tags["prefect.io/flow-run-id"] == str(run.id)
    of_names = {
        tags[f"prefect.io/{each}-name"] for each in ("flow", "deployment", "flow-run")
    }
    assert len({*of_names, tags["team"]}) == 1
    assert of_names == {"plain"} or name != "plain"
    for key, value in tags.items():
        assert re.fullmatch(r"(?!aws:)[A-Za-z0-9 _.:/=+@-]{1,128}", key)
        assert re.fullmatch(r"[A-Za-z0-9 _.:/=+@-]{0,256}", value)


def test_people_get_a_shell_in_a_task_only_where_the_stack_says_so(variable):
    outputs = OUTPUTS | {"PrefectApiSecretVariable": variable}
    for opened in (True, False):
        run = run_of_a_deployment()
        made = prepared(outputs | {"EcsExec": str(opened).lower()}, run)
        definition = ECSWorker("production")._prepare_task_definition(made, REGION, run)
        (container,) = definition["containerDefinitions"]
        assert made.task_run_request.get("enableExecuteCommand", False) == opened
        assert container["readonlyRootFilesystem"] == (not opened)
        assert container["linuxParameters"]["initProcessEnabled"] is True
        assert ("capabilities" in container["linuxParameters"]) == (not opened)


@pytest.mark.parametrize("size", [{}, SIZE])
@pytest.mark.parametrize("ecs_exec", ["false", "true"])
def test_a_definition_equals_its_answer_from_aws(variable, size, ecs_exec):
    """Different definitions would be registered by each run."""
    run = run_of_a_deployment()
    outputs = {"PrefectApiSecretVariable": variable, "EcsExec": ecs_exec}
    made = prepared(OUTPUTS | outputs, run, **size)
    worker = ECSWorker("production")
    definition = worker._prepare_task_definition(made, REGION, run)
    answer = deepcopy(definition)
    (container,) = answer["containerDefinitions"]
    container |= {"cpu": 0, "essential": True, "systemControls": [], "volumesFrom": []}
    linux = container["linuxParameters"]
    linux |= {"devices": [], "tmpfs": []}
    if "capabilities" in linux:
        linux["capabilities"] |= {"add": []}
    volumes = [each | {"host": {}} for each in definition["volumes"]]
    answer |= {"revision": 1, "status": "ACTIVE", "volumes": volumes}

    assert worker._task_definitions_equal(definition, answer, getLogger(__name__))

    linux["initProcessEnabled"] = False
    assert not worker._task_definitions_equal(definition, answer, getLogger(__name__))


@pytest.mark.parametrize("name", ["", "repository", "a repository:1"])
def test_an_image_without_a_repository_and_a_tag_is_refused(name):
    """A run would be in Prefect's own image otherwise, which has none of the flows."""
    variables = template_of(OUTPUTS)["variables"]
    assert validate({"image": name}, variables, ignore_required=True)
    assert not validate({"image": "repository:1"}, variables, ignore_required=True)


def test_the_default_template_is_unchanged():
    """Checks that the pool's template is a changed copy of prefect-aws's."""
    template_of(OUTPUTS)
    default = ECSWorker.get_default_base_job_template()
    assert "default" not in default["variables"]["properties"]["env"]
    definition = default["job_configuration"]["task_definition"]
    assert not {"enableFaultInjection", "runtimePlatform"} & definition.keys()
    assert not {"linuxParameters", "mountPoints"} & set(
        definition["containerDefinitions"][0]
    )
    assert "task_role_arn" in default["variables"]["properties"]


def test_an_unknown_variable_for_the_apis_secret():
    with pytest.raises(ClearError, match="'PREFECT_KEY' as PrefectApiSecretVariable"):
        template_of(OUTPUTS | {"PrefectApiSecretVariable": "PREFECT_KEY"})
