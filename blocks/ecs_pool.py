"""The work pool `production`: each run is a task of its own on ECS Fargate.

Its template is prefect-aws's own with defaults from the stack's outputs, which a deployment
may override by `job_variables`. What belongs to a deployment has no default here: the image
and the family of task definitions, of which Prefect gives each deployment its own.

A run's environment is the worker's PREFECT_* settings, then the pool's `env`, then the
deployment's: the last one wins, by name. The key of Prefect's API is in none of them. The
task gets it from AWS Secrets Manager, by the secret's ARN.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from pydantic import SecretStr

from blocks.work_pools import WorkPool
from utils.aws.stack import Stack
from utils.errors import ClearError

# Fargate's smallest task. It holds a load of ten million rows.
CPU = 256
MEMORY = 512
# A repository and a tag or a digest. `{{ $IMAGE }}` in prefect.yaml is an empty text where
# the variable is not set, and Prefect's server then refuses the deployment.
IMAGE = r"^\S+[:@]\S+$"

API_SECRETS = {
    "PREFECT_API_KEY": "prefect_api_key_secret_arn",
    "PREFECT_API_AUTH_STRING": "prefect_api_auth_string_secret_arn",
}


def production_pool(stack: Stack) -> WorkPool:
    """The pool whose worker the stack runs.

    prefect.yaml calls it `production`, the default of the stack's WorkPoolName. Under
    another name `prefect deploy` finds no pool until prefect.yaml has that name, too.
    """
    from prefect_aws.workers import ECSWorker

    default = ECSWorker.get_default_base_job_template()
    template = deepcopy(default)
    variables = template["variables"]["properties"]
    for name, value in _defaults(stack).items():
        variables[name]["default"] = value
    variables["image"] = {
        "title": variables["image"]["title"],
        "description": "Repository and tag. Each deployment names its own.",
        "type": "string",
        "pattern": IMAGE,
    }
    # AWS adds it to each definition that it is given. Without it none would be found equal
    # to the latest one, and each run would register another.
    definition = template["job_configuration"]["task_definition"]
    definition["enableFaultInjection"] = False
    # The kernel keeps SIGTERM from a container's first process until that has a handler.
    # Without an init before it, a run that is cancelled while it boots ends by SIGKILL.
    (container,) = definition["containerDefinitions"]
    container["linuxParameters"] = {"initProcessEnabled": True}
    return WorkPool(
        name=stack["WorkPoolName"],
        type="ecs",
        description="Each run is a task of its own on ECS Fargate.",
        base_job_template=template,
        default_template=default,
    )


def _defaults(stack: Stack) -> dict[str, Any]:
    return {
        "cluster": stack["ClusterArn"],
        "cpu": CPU,
        "memory": MEMORY,
        "vpc_id": stack["VpcId"],
        # Flat, and with vpc_id: in any other form the worker ignores it, and puts tasks
        # into the subnets of its choice with public addresses.
        "network_configuration": {
            "subnets": stack["PrivateSubnetIds"].split(","),
            "securityGroups": [stack["TaskSecurityGroupId"]],
            "assignPublicIp": "DISABLED",
        },
        "execution_role_arn": stack["ExecutionRoleArn"],
        "task_role_arn": stack["FlowRoleArn"],
        "configure_cloudwatch_logs": True,
        "cloudwatch_logs_options": {
            "awslogs-group": stack["FlowLogGroupName"],
            "awslogs-create-group": "false",
        },
        "cloudwatch_logs_prefix": "flows",
        "match_latest_revision_in_family": True,
        # Not a secret, but the place where people put one by mistake.
        _api_secret(stack): SecretStr(stack["PrefectApiSecretArn"]),
        "env": _environment(stack),
    }


def _environment(stack: Stack) -> dict[str, str]:
    return {
        "PREFECT_API_URL": stack["PrefectApiUrl"],
        "DESTINATION__WAREHOUSE__DESTINATION_TYPE": stack["WarehouseType"],
        "DESTINATION__LAKE__BUCKET_URL": stack["LakeBucketUrl"],
        "DATASET_NAME_LAYOUT": "%s",
        "PROVIDERS__ENABLE_AWS_SECRETS": "true",
        # ECS sets AWS_REGION, which boto3 does not read.
        "AWS_DEFAULT_REGION": stack.region,
        "EXPECTED_OUTBOUND_IP": stack["OutboundIpAddress"],
    }


def _api_secret(stack: Stack) -> str:
    variable = stack["PrefectApiSecretVariable"]
    if variable not in API_SECRETS:
        raise ClearError(
            f"The stack {stack.name} has {variable!r} as PrefectApiSecretVariable, which is"
            f" none of {', '.join(API_SECRETS)}. Nothing was changed. Update the stack with"
            " one of these."
        )
    return API_SECRETS[variable]
