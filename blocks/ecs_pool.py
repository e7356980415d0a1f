"""Work pool `production`: each run is its own task on ECS Fargate.

The template is prefect-aws's with defaults from the outputs of two stacks, which a deployment's
`job_variables` may override. The image has no default, and neither has the family of task
definitions: Prefect gives each deployment its own.

Prefect tags each task with the flow and the deployment of its run, among others by
`prefect.io/flow-name` and `prefect.io/deployment-name`, which serve for the bill. It makes
hyphens of the characters that AWS refuses in tags. The pool adds the stack.

A run's environment is the worker's PREFECT_* settings, then the pool's `env`, then the
deployment's: the last one wins, by name. None of them has the key of Prefect's API. The
task gets it from AWS Secrets Manager, by the secret's ARN.

A bad dependency in a run finds the secrets of one source, which the job variable `role`
names, two folders to write to, and no capability of Linux.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from pydantic import SecretStr

from blocks.work_pools import DEV, ENVIRONMENT, WorkPool
from utils.aws.fargate import DISK_GIB, MEMORY_BY_CPU
from utils.aws.stack import StackOutputs
from utils.errors import ClearError

# Twice the processor of the worker, which only starts runs. Before its first line a run
# needs four seconds of a processor, and loads need up to 400 MiB.
CPU = 512
MEMORY = 1024
# A repository and a tag or a digest. Without the variable IMAGE, `{{ $IMAGE }}` in
# prefect.yaml is an empty string, and Prefect's server refuses the deployment.
IMAGE = r"^\S+[:@]\S+$"

# Prefect's own command for a run, after a wait for the server if that is away.
COMMAND = "python -m utils.runs prefect flow-run execute"
# The role of flows whose source has no secrets, by the end of its name.
NO_SOURCE = "flow"
# The outbound address of an existing network that was handed to foundation.yml without it.
UNKNOWN = "unknown"
# Folders that a task may write to, each a volume of its own. The Dockerfile declares them
# as VOLUME: Fargate gives a volume the owner that the folder has in the image, else root.
WRITABLE = {"home": "/home/app", "tmp": "/tmp"}

# How a container waits for CloudWatch, which ECS's default has changed once. `blocking` would
# stop a run at its next line, and so with its locks held, for as long as CloudWatch does not
# answer. Not blocking, lines beyond the buffer are lost without a word: it has room for a
# hundred thousand, and Prefect gets a run's lines in another way.
LOGS = {"mode": "non-blocking", "max-buffer-size": "25m"}

API_SECRETS = {
    "PREFECT_API_KEY": "prefect_api_key_secret_arn",
    "PREFECT_API_AUTH_STRING": "prefect_api_auth_string_secret_arn",
}


def production_pool(stack: StackOutputs, foundation: StackOutputs) -> WorkPool:
    """Return the work pool of the stack's worker.

    prefect.yaml names it `production`, the default of the stack's WorkPoolName. With
    another WorkPoolName, change prefect.yaml, too, or `prefect deploy` finds no pool.
    """
    from prefect_aws.workers import ECSWorker

    default = ECSWorker.get_default_base_job_template()
    template = deepcopy(default)
    variables = template["variables"]["properties"]
    for name, value in _defaults(stack, foundation).items():
        variables[name]["default"] = value
    variables["image"] = {
        "title": variables["image"]["title"],
        "description": "Repository and tag. Each deployment names its own.",
        "type": "string",
        "pattern": IMAGE,
    }
    configuration = template["job_configuration"]
    _limit_sizes(configuration, variables)
    # Not a job variable: an image is built for the one processor that the stack names.
    configuration["task_definition"]["runtimePlatform"] = {
        "cpuArchitecture": stack["CpuArchitecture"],
        "operatingSystemFamily": "LINUX",
    }
    _confine(configuration["task_definition"])
    _name_role(configuration["task_run_request"], variables, stack)
    configuration["task_run_request"]["tags"] = {"stack": stack.name}
    if stack["EcsExec"] == "true":
        _open_to_people(configuration)
    return WorkPool(
        name=stack["WorkPoolName"],
        type="ecs",
        description="Each run is a task of its own on ECS Fargate.",
        base_job_template=template,
        default_template=default,
        apart_from=lambda pool: pool.name == DEV,
    )


def _limit_sizes(configuration: dict[str, Any], variables: dict[str, Any]) -> None:
    """Accept only what Fargate has, also for a single run.

    Which memory goes with which CPU is a rule for prefect.yaml.
    """
    memory = [size for sizes in MEMORY_BY_CPU.values() for size in sizes]
    variables["ephemeral_storage"] = {
        "title": "Ephemeral Storage",
        "description": "The disk in GiB, of which the image takes one. By default it is 20.",
    }
    rules: dict[str, dict[str, Any]] = {
        "cpu": {"enum": list(MEMORY_BY_CPU)},
        "memory": {"minimum": min(memory), "maximum": max(memory)},
        "ephemeral_storage": {"minimum": DISK_GIB[0], "maximum": DISK_GIB[-1]},
    }
    for name, rule in rules.items():
        variables[name].pop("anyOf", None)  # A number or null.
        # Prefect itself adds null to the type of a variable without default.
        variables[name] |= {"type": "integer", "not": {"type": "null"}, **rule}
    variables["launch_type"]["enum"] = ["FARGATE"]
    # The cluster has no capacity provider.
    del variables["capacity_provider_strategy"]
    del configuration["task_run_request"]["capacityProviderStrategy"]
    # Without the variable this is an empty mapping, which prefect-aws leaves out.
    disk = {"sizeInGiB": "{{ ephemeral_storage }}"}
    configuration["task_definition"]["ephemeralStorage"] = disk


def _confine(definition: dict[str, Any]) -> None:
    """Leave a task no more of its machine than it needs."""
    # AWS adds this to each definition. Without it no definition would equal the latest one,
    # and each run would register another. Empty lists and mappings, which AWS adds to
    # capabilities and volumes, do not count.
    definition["enableFaultInjection"] = False
    definition["volumes"] = [{"name": name} for name in WRITABLE]
    (container,) = definition["containerDefinitions"]
    container["readonlyRootFilesystem"] = True
    container["mountPoints"] = [
        {"sourceVolume": name, "containerPath": path} for name, path in WRITABLE.items()
    ]
    container["linuxParameters"] = {
        # The kernel does not deliver SIGTERM to a container's first process before that
        # has a handler. Without an init process, a run cancelled while it starts ends by
        # SIGKILL.
        "initProcessEnabled": True,
        "capabilities": {"drop": ["ALL"]},
    }


def _open_to_people(configuration: dict[str, Any]) -> None:
    """Let people open a shell in a run's task by ECS Exec.

    AWS's agent in the container writes to its root file system. Which capabilities it needs
    is in none of AWS's pages.
    """
    configuration["task_run_request"]["enableExecuteCommand"] = True
    (container,) = configuration["task_definition"]["containerDefinitions"]
    container["readonlyRootFilesystem"] = False
    del container["linuxParameters"]["capabilities"]


def _name_role(
    request: dict[str, Any], variables: dict[str, Any], stack: StackOutputs
) -> None:
    """Let a deployment choose its runs' role by the name of its source.

    prefect.yaml cannot have ARNs, which differ from account to account.
    """
    del variables["task_role_arn"]
    sources = stack["SourceRoles"].split(",")
    variables["role"] = {
        "title": "Role",
        "description": "Source whose secrets the runs may read.",
        "type": "string",
        "enum": [NO_SOURCE, *sources],
        "default": NO_SOURCE,
    }
    prefix = stack["FlowRoleArn"].removesuffix(NO_SOURCE)
    request["overrides"]["taskRoleArn"] = f"{prefix}{{{{ role }}}}"


def _defaults(stack: StackOutputs, foundation: StackOutputs) -> dict[str, Any]:
    return {
        "command": COMMAND,
        "cluster": stack["ClusterArn"],
        "cpu": CPU,
        "memory": MEMORY,
        "vpc_id": foundation["VpcId"],
        # Flat, and with vpc_id: any other form is ignored by the worker, which then puts
        # tasks into any subnets, with public addresses.
        "network_configuration": {
            "subnets": foundation["PrivateSubnetIds"].split(","),
            "securityGroups": [foundation["TaskSecurityGroupId"]],
            "assignPublicIp": "DISABLED",
        },
        "execution_role_arn": stack["ExecutionRoleArn"],
        "configure_cloudwatch_logs": True,
        "cloudwatch_logs_options": {
            "awslogs-group": stack["FlowLogGroupName"],
            "awslogs-create-group": "false",
            **LOGS,
        },
        "cloudwatch_logs_prefix": "flows",
        "match_latest_revision_in_family": True,
        # An ARN is not a secret, but people store the secret itself here by mistake.
        _api_secret(stack): SecretStr(stack["PrefectTaskSecretArn"]),
        "env": _environment(stack, foundation["OutboundIpAddress"]),
    }


def _environment(stack: StackOutputs, address: str) -> dict[str, str]:
    expected = {} if address == UNKNOWN else {"EXPECTED_OUTBOUND_IP": address}
    return ENVIRONMENT | {
        "PREFECT_API_URL": stack["PrefectApiUrl"],
        "DESTINATION__WAREHOUSE__DESTINATION_TYPE": stack["WarehouseType"],
        "DESTINATION__LAKE__BUCKET_URL": stack["LakeBucketUrl"],
        "DATASET_NAME_LAYOUT": "%s",
        "PROVIDERS__ENABLE_AWS_SECRETS": "true",
        # ECS sets AWS_REGION, which boto3 does not read.
        "AWS_DEFAULT_REGION": stack.region,
        **expected,
    }


def _api_secret(stack: StackOutputs) -> str:
    variable = stack["PrefectApiSecretVariable"]
    if variable not in API_SECRETS:
        raise ClearError(
            f"The stack {stack.name} has {variable!r} as PrefectApiSecretVariable. Nothing"
            f" was changed. Update the stack with one of {', '.join(API_SECRETS)}."
        )
    return API_SECRETS[variable]
