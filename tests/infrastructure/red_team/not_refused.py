"""Attempts that AWS has no means to refuse, or that would cost what the platform does.

The README's section on rights says what cannot be separated. If one of these is refused one
day, it belongs to the module of its role.
"""

from __future__ import annotations

from tests.infrastructure.red_team import (
    EVERYBODY,
    GROUP,
    attempt,
    role,
)

SUBNET = "subnet-0123456789abcdef0"
ELSEWHERE = {
    "awsvpcConfiguration": {"subnets": [SUBNET], "securityGroups": [GROUP]},
}

ATTEMPTS = {
    "DeployRole": {
        # It is not known whether AWS then names the types as it does for an import. The
        # resource has to have a name that CloudFormation's role may change.
        "Take over what has a name of the template": attempt(
            "cloudformation:CreateChangeSet",
            StackName="rights",
            ImportExistingResources=True,
        ),
    },
    "StackRole": {
        # ECS knows no resource for it. Running tasks go on.
        "Deregister the Prefect server's definition": attempt(
            "ecs:DeregisterTaskDefinition", taskDefinition="rights-server-Task-1a2b:1"
        ),
        # AWS generates the target's name, and no condition knows the service. AWS's pages
        # also ask for ecs:UpdateService on it, which is denied; this was not tried.
        "Scale the Prefect server to nothing": attempt(
            "application-autoscaling:RegisterScalableTarget",
            ServiceNamespace="ecs",
            ScalableDimension="ecs:service:DesiredCount",
            ResourceId="service/rights-server-Cluster-1a2b/rights-server-Service-1a2b",
            MinCapacity=0,
            MaxCapacity=0,
        ),
        # No condition knows what a trust policy says. The boundary limits what they get.
        "Let another account be a run": attempt(
            "iam:UpdateAssumeRolePolicy",
            RoleName="rights-van",
            PolicyDocument=EVERYBODY,
        ),
        # The subnets are made after this role. Groups are in no condition.
        "Start the worker in another network": attempt(
            "ecs:CreateService",
            cluster="$ClusterArn",
            serviceName="rights-worker",
            networkConfiguration=ELSEWHERE,
        ),
    },
    "WorkerRole": {
        "Start a run in another network": attempt(
            "ecs:RunTask",
            cluster="$ClusterArn",
            taskDefinition="prefect_production_van:1",
            networkConfiguration=ELSEWHERE,
        ),
        # It starts the runs of all sources.
        "Run a task as another source": attempt(
            "ecs:RunTask",
            cluster="$ClusterArn",
            taskDefinition="prefect_production_van:1",
            overrides={"taskRoleArn": role("rights/flows/rights-hubspot")},
        ),
    },
    "rights-van": {
        # All flows share one lake.
        "Delete what another flow has loaded": attempt(
            "s3:DeleteObject", Bucket="$BucketName", Key="rates/1"
        ),
    },
}
