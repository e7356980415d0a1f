"""A platform from nothing to nothing, with each thing that AWS may do one way or the other.

The stacks are created, updated, rolled back and removed under enforcement, as the README has
it. No image is there, so that no worker starts.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Iterator

import pytest

from tests.cloud.cloud import Cloud
from tests.cloud.schemas import reads_of, taggable
from tests.cloud.stack_tags import TAGGING
from tests.infrastructure.account_contents import contents, left_of
from tests.infrastructure.first_stacks import ZONES
from tests.infrastructure.templates import TEMPLATES, read

slow = pytest.mark.slow

NAME = "switched"
TEXTS = {name.replace("data-platform", NAME): path for name, path in TEMPLATES.items()}
SECRET = (
    "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prefect/api-key-a1B2c3"
)
WRONG = "  Wrong: {Type: AWS::Logs::MetricFilter, Properties: {Wrong: 1}}\n"
# The platform's types are tagged by these, if that is a call of its own.
TAG_ACTIONS = {
    *("application-autoscaling:TagResource", "cloudwatch:TagResource"),
    *("ecs:TagResource", "events:TagResource", "iam:TagRole", "logs:TagResource"),
    "sqs:TagQueue",
}
EVERY = ("first_cluster", "reads", "roles_ignored", "tags_late", "throttled", "zones")


TAGGED = TAGGING.keys() & {
    each["Type"]
    for path in TEMPLATES.values()
    for each in read(path)["Resources"].values()
}


class Stacks:
    """The platform's stacks in an account."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.client = cloud.client("cloudformation")
        self.before = contents(cloud)

    def prepare(self) -> None:
        """Create the stacks of a person, and ECS's own role as the README has it."""
        self.deploy = self._create(
            f"{NAME}-deploy",
            GitHubRepository="acme/data-platform",
            GitHubRepositoryId="4711",
            PlatformStackName=NAME,
        )
        self.foundation = self._create(f"{NAME}-foundation", **ZONES)
        self.lake = self._create(f"{NAME}-lake")

    def create(self) -> None:
        self.outputs = self._create(
            NAME,
            self.deploy["StackRoleArn"],
            ImageUri=self.image("1"),
            PrefectApiUrl="http://127.0.0.1:9/api",
            PrefectApiSecretArn=SECRET,
            LakeBucketName=self.lake["BucketName"],
        )

    def _create(self, name: str, role: str = "", **parameters: str) -> dict[str, str]:
        return self.cloud.create_stack(
            name, TEXTS[name].read_text(), role, **parameters
        )

    def image(self, tag: str) -> str:
        return f"{self.deploy['RepositoryUri']}:{tag}"

    def fail(self) -> None:
        """Update to a template with a mistake, and a further image."""
        text = TEXTS[NAME].read_text().replace("\nOutputs:\n", f"\n{WRONG}\nOutputs:\n")
        (stack,) = self.client.describe_stacks(StackName=NAME)["Stacks"]
        kept = {each["ParameterKey"] for each in stack["Parameters"]} - {"ImageUri"}
        values = [{"ParameterKey": key, "UsePreviousValue": True} for key in kept]
        image = {"ParameterKey": "ImageUri", "ParameterValue": self.image("3")}
        self.client.update_stack(
            StackName=NAME,
            TemplateBody=text,
            Parameters=[*values, image],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )

    def status(self) -> str:
        (stack,) = self.client.describe_stacks(StackName=NAME)["Stacks"]
        return stack["StackStatus"]

    def worker(self) -> dict[str, Any]:
        """Return the definition of the service's task."""
        ecs = self.cloud.client("ecs")
        (service,) = ecs.describe_services(
            cluster=self.outputs["ClusterArn"],
            services=[self.outputs["WorkerServiceName"]],
        )["services"]
        name = service["taskDefinition"]
        return ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]

    def remove(self) -> None:
        """Remove the stacks, in the README's order."""
        for name in (NAME, f"{NAME}-foundation", f"{NAME}-deploy", f"{NAME}-lake"):
            self.cloud.delete_stack(name)

    def clear(self) -> None:
        """Remove what the stacks leave there on purpose."""
        left = self.left()
        for name in left.get("ecr repositories", ()):
            self.cloud.client("ecr").delete_repository(repositoryName=name)
        for name in left.get("s3 Buckets", ()):
            self.cloud.client("s3").delete_bucket(Bucket=name)
        for name in left.get("ec2 Addresses", ()):
            self.cloud.client("ec2").release_address(AllocationId=name)

    def left(self) -> dict[str, Any]:
        return left_of(self.before, contents(self.cloud))


@pytest.fixture
def stacks(cloud: Cloud) -> Iterator[Stacks]:
    with cloud.enforcing():
        stacks = Stacks(cloud)
        yield stacks
    stacks.remove()
    stacks.clear()
    iam = cloud.client("iam")
    for role in iam.list_roles(PathPrefix="/aws-service-role/ecs.")["Roles"]:
        iam.delete_role(RoleName=role["RoleName"])


def subnets(cloud: Cloud) -> dict[str, str]:
    """Return each subnet's zone."""
    found = cloud.client("ec2").describe_subnets()["Subnets"]
    return {each["SubnetId"]: each["AvailabilityZone"] for each in found}


def own_role(cloud: Cloud) -> None:
    """Create ECS's own role, as the README has it."""
    cloud.client("iam").create_service_linked_role(AWSServiceName="ecs.amazonaws.com")


@slow
@pytest.mark.parametrize(
    "switches",
    [(), *[(each,) for each in EVERY], EVERY],
    ids=lambda switches: "all" if switches == EVERY else "".join(switches) or "none",
)
def test_from_nothing_to_nothing(cloud, stacks, switches):
    with ExitStack() as on:
        on.enter_context(cloud.switched(*set(switches) - {"zones"}))
        own_role(cloud)
        stacks.prepare()
        cloud.forget_calls()
        stacks.create()
        check_calls(cloud, stacks.deploy["StackRoleArn"].rpartition("/")[2], switches)
        network = subnets(cloud)

        # the answer of GetAZs changes between two updates
        on.enter_context(cloud.switched(*set(switches) & {"zones"}))
        cloud.update_stack(NAME, ImageUri=stacks.image("2"), CpuArchitecture="ARM64")
        cloud.update_stack(f"{NAME}-foundation", MonthlyBudgetUsd="50")
        assert stacks.status() == "UPDATE_COMPLETE"
        assert subnets(cloud) == network
        updated = stacks.worker()
        assert updated["containerDefinitions"][0]["image"] == stacks.image("2")
        assert updated["runtimePlatform"]["cpuArchitecture"] == "ARM64"

        stacks.fail()
        assert stacks.status() == "UPDATE_ROLLBACK_COMPLETE"
        assert stacks.worker() == updated

        stacks.remove()
    stacks.clear()
    assert stacks.left() == {"iam Roles": {"AWSServiceRoleForecs"}}


def check_calls(cloud: Cloud, role: str, switches: tuple[str, ...]) -> None:
    """Check that AWS did what it was switched to while the platform was created."""
    calls = cloud.calls(who=role)
    tagged = {f"{each['service']}:{each['action']}" for each in calls} & TAG_ACTIONS
    assert tagged == (TAG_ACTIONS if "tags_late" in switches else set())
    kinds = {
        each["Type"] for each in read(TEMPLATES["data-platform"])["Resources"].values()
    }
    listed = {action for kind in kinds for action in reads_of(kind, "create")}
    asked = {
        f"{each['service']}:{each['action']}" for each in calls if each["status"] == 412
    }
    assert asked - TAG_ACTIONS == (listed if "reads" in switches else set())
    refused = {each["status"] for each in calls} - {200, 412}
    assert bool(refused) == ("throttled" in switches)


@slow
def test_a_first_cluster_without_the_readmes_command(cloud, stacks):
    """CloudFormation makes ECS's own role too late, and the next attempt finds it."""
    with cloud.switched("first_cluster"):
        stacks.prepare()
        with pytest.raises(
            RuntimeError, match="ROLLBACK_COMPLETE.*service linked role"
        ):
            stacks.create()
        cloud.delete_stack(NAME)
        stacks.create()


@pytest.mark.parametrize(
    "kind",
    [pytest.param(each, marks=pytest.mark.exhaustive) for each in sorted(TAGGED)],
)
def test_one_kind_alone_is_tagged_late(cloud, stacks, kind):
    with cloud.switched(late_kind=kind):
        own_role(cloud)
        stacks.prepare()
        stacks.create()
        cloud.update_stack(NAME, ImageUri=stacks.image("2"), CpuArchitecture="ARM64")
        assert stacks.status() == "UPDATE_COMPLETE"


@slow
def test_every_type_that_has_tags_can_get_them_late():
    for path in TEMPLATES.values():
        for each in read(path)["Resources"].values():
            assert each["Type"] in TAGGING or not taggable(each["Type"]), each["Type"]
