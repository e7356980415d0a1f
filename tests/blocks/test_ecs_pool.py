"""The template of the pool `production`, as a worker makes tasks of it."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from logging import getLogger
from typing import Any, Iterator
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.settings import (
    PREFECT_API_AUTH_STRING,
    PREFECT_API_KEY,
    temporary_settings,
)
from prefect.utilities.schema_tools import validate
from prefect_aws.workers.ecs_worker import ECSJobConfiguration, ECSWorker

from blocks.ecs_pool import production_pool
from tests.fakes.aws import REGION
from tests.samples.platform_stack import NAME, OUTPUTS, without
from utils.aws.stack import StackOutputs
from utils.errors import ClearError
from utils.reports.differences import revealed

KEY = "the-key"
SECRETS = {
    "PREFECT_API_KEY": "prefect_api_key_secret_arn",
    "PREFECT_API_AUTH_STRING": "prefect_api_auth_string_secret_arn",
}


def template_of(outputs: dict[str, str]) -> dict[str, Any]:
    stack = StackOutputs(NAME, REGION, "CREATE_COMPLETE", outputs)
    return revealed(production_pool(stack).base_job_template)


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
    outputs: dict[str, str], run: FlowRun, **job_variables: Any
) -> ECSJobConfiguration:
    """Return a worker's configuration of a deployment's run."""

    configuration = asyncio.run(
        ECSJobConfiguration.from_template_and_values(
            template_of(outputs), {"image": "repository:1", **job_variables}
        )
    )
    configuration.prepare_for_flow_run(run)
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
    }
    assert (definition["cpu"], definition["memory"]) == ("256", "512")
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
    assert made.task_run_request["overrides"]["taskRoleArn"] == OUTPUTS["FlowRoleArn"]
    assert made.vpc_id == OUTPUTS["VpcId"]
    assert made.network_configuration == {
        "subnets": OUTPUTS["PrivateSubnetIds"].split(","),
        "securityGroups": [OUTPUTS["TaskSecurityGroupId"]],
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


def test_a_definition_equals_its_answer_from_aws(variable):
    """Different definitions would be registered by each run."""
    run = run_of_a_deployment()
    made = prepared(OUTPUTS | {"PrefectApiSecretVariable": variable}, run)
    worker = ECSWorker("production")
    definition = worker._prepare_task_definition(made, REGION, run)
    answer = deepcopy(definition)
    (container,) = answer["containerDefinitions"]
    container |= {"cpu": 0, "essential": True, "systemControls": [], "volumesFrom": []}
    linux = container["linuxParameters"]
    linux |= {"devices": [], "tmpfs": []}
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
