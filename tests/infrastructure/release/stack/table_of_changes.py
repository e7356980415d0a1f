"""Changes of this project's templates, and what AWS does with each.

The source is what AWS documents: the schemas of resource types, which cfn-lint brings,
and the pages that a case's comment names. A case without a comment is evident from
`createOnlyProperties` (always), `conditionalCreateOnlyProperties` (sometimes), or from
neither (never). Pages are those of the CloudFormation user guide, as it was in September
2023. Where a schema is newer than its page, the schema counts.

A value is as the template has it, with functions in their long form. Each `Fn::If` is
decided, and what is `AWS::NoValue` is absent. The stack has the parameters in
`PARAMETERS`, the case's own, and else the defaults before the edit. An update keeps them.

A value that refers to a resource may change though its text does not. If that resource
is replaced for sure, AWS calls it a static evaluation, and a property that always requires
recreation replaces the next resource for sure, too: published change sets show it for the
policy of a bucket with another name. If that resource only may be replaced, AWS calls it
dynamic, and the next one may be replaced. An attribute of a resource that is only updated
stays, except the version of a launch template. AWS lists such references, and a plan
leaves them out.

The changes of a case have no order. AWS lists what it would do, and does not say whether
it can. It refuses, for example, to replace a resource whose name is given and stays, or
to change an output that another stack imports.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Iterable, Literal, Mapping

Recreation = Literal["always", "sometimes", "never"]
Action = Literal["created", "updated", "replaced", "may be replaced", "deleted"]
OldOne = Literal["", "kept", "snapshot"]

ALWAYS: Final = "always"
SOMETIMES: Final = "sometimes"
NEVER: Final = "never"
KEPT: Final = "kept"
SNAPSHOT: Final = "snapshot"
ABSENT: Final = "(absent)"
"""The value of a property that the resource does not have."""

FOUNDATION = "foundation.yml"
LAKE = "data_lake.yml"
PLATFORM = "ecs_cluster_prefect_worker.yml"
DEPLOY = "github_deploy.yml"
SERVER_ON_ECS = "prefect_server_ecs.yml"
SERVER_ON_EC2 = "prefect_server_ec2.yml"

IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/data-platform:0a1b2c3"
SECRET = (
    "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prefect/api-key-AbCdEf"
)
PARAMETERS: Mapping[str, Mapping[str, str]] = {
    FOUNDATION: {
        "ZoneA": "eu-central-1a",
        "ZoneB": "eu-central-1b",
        "AlertEmail": "alarms@example.org",
    },
    LAKE: {},
    PLATFORM: {
        "PrefectApiUrl": "https://prefect.example.org/api",
        "PrefectApiSecretArn": SECRET,
        "ImageUri": IMAGE,
        "LakeBucketName": "data-platform-lake-bucket-1a2b3c",
    },
    DEPLOY: {"GitHubRepository": "owner/name", "GitHubRepositoryId": "1"},
    SERVER_ON_ECS: {
        "HostName": "prefect.example.org",
        "CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1",
        "AllowedCidr": "0.0.0.0/0",
        "ApiSecretArn": SECRET,
        "ImageUri": IMAGE,
    },
    SERVER_ON_EC2: {"ImageUri": IMAGE, "ApiSecretArn": SECRET},
}
"""By template, the parameters of its stack beside the defaults."""


@dataclass(frozen=True)
class Difference:
    """Change of one value of a resource."""

    path: str
    """Beneath `Properties`, with dots; a list's items by their place. Or `Metadata`."""
    old: Any
    new: Any
    recreation: Recreation
    through: tuple[str, ...] = ()
    """The resources whose change may change the value, if its text stays."""


@dataclass(frozen=True)
class Change:
    """What AWS does with one resource."""

    name: str
    """The logical name."""
    kind: str
    action: Action
    differences: tuple[Difference, ...] = ()
    """None of a resource that is created or deleted."""
    old_stays: OldOne = ""
    """What is left of one that is deleted or replaced, by its policy for that."""


@dataclass(frozen=True)
class Case:
    """One edit of one template."""

    template: str
    edit: tuple[tuple[str, str], ...]
    """Each old text, which is in the template once, and the new one."""
    expected: tuple[Change, ...]
    parameters: Mapping[str, str]
    """Beside those in `PARAMETERS`, before and after."""
    unsure: str
    """Where AWS's documents differ or say nothing."""


def edited(
    template: str,
    edit: Iterable[tuple[str, str]],
    *expected: Change,
    parameters: Mapping[str, str] | None = None,
    unsure: str = "",
) -> Case:
    """Return a case."""
    return Case(template, tuple(edit), _settled(expected), parameters or {}, unsure)


def _settled(expected: tuple[Change, ...]) -> tuple[Change, ...]:
    """Return changes in which a reference to a replaced resource replaces for sure."""
    sure = {each.name for each in expected if each.action == "replaced"}
    while more := {
        change.name
        for change in expected
        if change.action == "may be replaced" and change.name not in sure
        for each in change.differences
        if each.recreation == ALWAYS and sure.intersection(each.through)
    }:
        sure |= more
    return tuple(
        replace(each, action="replaced") if each.name in sure else each
        for each in expected
    )


def ref(name: str) -> dict[str, Any]:
    """Return a reference to a resource or a parameter."""
    return {"Ref": name}


def attribute(of: str) -> dict[str, Any]:
    """Return an attribute of a resource.

    Args:
        of: Its name, a dot, and the attribute.
    """
    return {"Fn::GetAtt": of.split(".", 1)}


def sub(text: str) -> dict[str, Any]:
    """Return a text with references in it."""
    return {"Fn::Sub": text}


def always(path: str, old: Any, new: Any) -> Difference:
    """Return a difference that requires recreation."""
    return Difference(path, old, new, ALWAYS)


def sometimes(path: str, old: Any, new: Any) -> Difference:
    """Return a difference that requires recreation under conditions."""
    return Difference(path, old, new, SOMETIMES)


def never(path: str, old: Any, new: Any) -> Difference:
    """Return a difference that requires no recreation."""
    return Difference(path, old, new, NEVER)


def by_reference(recreation: Recreation, path: str, to: str) -> Difference:
    """Return a difference through a reference whose text stays.

    Args:
        recreation: Whether the property requires it.
        path: The property.
        to: A resource, or with a dot one of its attributes.
    """
    value = attribute(to) if "." in to else ref(to)
    return Difference(path, value, value, recreation, (to.split(".")[0],))


def by_text(recreation: Recreation, path: str, text: str, *through: str) -> Difference:
    """Return a difference through references in a text that stays."""
    return Difference(path, sub(text), sub(text), recreation, through)


def created(name: str, kind: str) -> Change:
    """Return a resource that is new."""
    return Change(name, kind, "created")


def updated(name: str, kind: str, *differences: Difference) -> Change:
    """Return a resource that is changed in place."""
    return Change(name, kind, "updated", differences)


def replaced(
    name: str, kind: str, *differences: Difference, old_stays: OldOne = ""
) -> Change:
    """Return a resource in whose place comes another one."""
    return Change(name, kind, "replaced", differences, old_stays)


def may_be_replaced(
    name: str, kind: str, *differences: Difference, old_stays: OldOne = ""
) -> Change:
    """Return a resource of which AWS knows only later whether it is replaced."""
    return Change(name, kind, "may be replaced", differences, old_stays)


def deleted(name: str, kind: str, old_stays: OldOne = "") -> Change:
    """Return a resource that leaves the stack."""
    return Change(name, kind, "deleted", (), old_stays)


def added(old: str, lines: str) -> tuple[str, str]:
    """Return an edit that adds lines after a text."""
    return old, old + lines


ADDRESS = """\
  # One NAT, in one zone: a second one would need a second address on the allow-list.
  Address:
    Type: AWS::EC2::EIP
    Condition: MakesAddress
    DependsOn: InternetGatewayAttachment
    # Retained because others have it on their allow-lists. Not if the stack's creation
    # fails: each attempt would leave an address, which costs, and an account has five.
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Retain
    Properties:
      Domain: vpc
      Tags:
        - Key: Name
          Value: !Sub ${AWS::StackName}-outbound

"""
LAST_ROLE = """\
  RedshiftExportRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Sub ${AWS::StackName}-redshift_export
      Path: !Sub /${AWS::StackName}/flows/
      PermissionsBoundary: !Sub arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/${AWS::StackName}-boundary
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              Service: ecs-tasks.amazonaws.com
            Action: sts:AssumeRole
            Condition:
              StringEquals:
                aws:SourceAccount: !Ref AWS::AccountId
      Tags:
        - Key: source
          Value: redshift_export

"""
ANOTHER_ROLE = LAST_ROLE.replace("RedshiftExport", "Shop").replace(
    "redshift_export", "shop"
)

# ---------- What refers to a resource that is, or may be, replaced
OF_THE_NAT_GATEWAY = (
    updated(
        "RouteThroughGateway",
        "AWS::EC2::Route",
        by_reference(NEVER, "NatGatewayId", "NatGateway"),
    ),
    updated(
        "NatGatewayOutOfPorts",
        "AWS::CloudWatch::Alarm",
        by_reference(NEVER, "Dimensions.0.Value", "NatGateway"),
    ),
)
# Each change of the network's id goes on to what is in its subnets.
OF_THE_NETWORK = (
    may_be_replaced(
        "InternetGatewayAttachment",
        "AWS::EC2::VPCGatewayAttachment",
        by_reference(ALWAYS, "VpcId", "Vpc"),
    ),
    may_be_replaced(
        "PublicSubnetA", "AWS::EC2::Subnet", by_reference(ALWAYS, "VpcId", "Vpc")
    ),
    may_be_replaced(
        "PublicSubnetB", "AWS::EC2::Subnet", by_reference(ALWAYS, "VpcId", "Vpc")
    ),
    may_be_replaced(
        "PrivateSubnetA", "AWS::EC2::Subnet", by_reference(ALWAYS, "VpcId", "Vpc")
    ),
    may_be_replaced(
        "PrivateSubnetB", "AWS::EC2::Subnet", by_reference(ALWAYS, "VpcId", "Vpc")
    ),
    may_be_replaced(
        "PublicRoutes", "AWS::EC2::RouteTable", by_reference(ALWAYS, "VpcId", "Vpc")
    ),
    may_be_replaced(
        "PublicDefaultRoute",
        "AWS::EC2::Route",
        by_reference(ALWAYS, "RouteTableId", "PublicRoutes"),
    ),
    may_be_replaced(
        "PublicRoutesOfA",
        "AWS::EC2::SubnetRouteTableAssociation",
        by_reference(ALWAYS, "SubnetId", "PublicSubnetA"),
        by_reference(ALWAYS, "RouteTableId", "PublicRoutes"),
    ),
    may_be_replaced(
        "PublicRoutesOfB",
        "AWS::EC2::SubnetRouteTableAssociation",
        by_reference(ALWAYS, "SubnetId", "PublicSubnetB"),
        by_reference(ALWAYS, "RouteTableId", "PublicRoutes"),
    ),
    may_be_replaced(
        "PrivateRoutes", "AWS::EC2::RouteTable", by_reference(ALWAYS, "VpcId", "Vpc")
    ),
    may_be_replaced(
        "PrivateRoutesOfA",
        "AWS::EC2::SubnetRouteTableAssociation",
        by_reference(ALWAYS, "SubnetId", "PrivateSubnetA"),
        by_reference(ALWAYS, "RouteTableId", "PrivateRoutes"),
    ),
    may_be_replaced(
        "PrivateRoutesOfB",
        "AWS::EC2::SubnetRouteTableAssociation",
        by_reference(ALWAYS, "SubnetId", "PrivateSubnetB"),
        by_reference(ALWAYS, "RouteTableId", "PrivateRoutes"),
    ),
    may_be_replaced(
        "S3Endpoint",
        "AWS::EC2::VPCEndpoint",
        by_reference(ALWAYS, "VpcId", "Vpc"),
        by_reference(NEVER, "RouteTableIds.0", "PrivateRoutes"),
    ),
    may_be_replaced(
        "TaskSecurityGroup",
        "AWS::EC2::SecurityGroup",
        by_reference(ALWAYS, "VpcId", "Vpc"),
    ),
    may_be_replaced(
        "NatGateway",
        "AWS::EC2::NatGateway",
        by_reference(ALWAYS, "SubnetId", "PublicSubnetA"),
    ),
    may_be_replaced(
        "RouteThroughGateway",
        "AWS::EC2::Route",
        by_reference(ALWAYS, "RouteTableId", "PrivateRoutes"),
        by_reference(NEVER, "NatGatewayId", "NatGateway"),
    ),
    updated(
        "NatGatewayOutOfPorts",
        "AWS::CloudWatch::Alarm",
        by_reference(NEVER, "Dimensions.0.Value", "NatGateway"),
    ),
)
# A new definition is a new deployment of the service.
OF_THE_TASK = (
    updated(
        "WorkerService",
        "AWS::ECS::Service",
        by_reference(NEVER, "TaskDefinition", "WorkerTask"),
    ),
)
# The autoscaling, the alarm and the rules name the service.
OF_THE_SERVICE = (
    may_be_replaced(
        "WorkerCount",
        "AWS::ApplicationAutoScaling::ScalableTarget",
        by_text(
            ALWAYS,
            "ResourceId",
            "service/${Cluster}/${WorkerService.Name}",
            "WorkerService",
        ),
    ),
    may_be_replaced(
        "WorkerScaling",
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        by_reference(ALWAYS, "ScalingTargetId", "WorkerCount"),
    ),
    updated(
        "NoWorker",
        "AWS::CloudWatch::Alarm",
        by_reference(NEVER, "Dimensions.1.Value", "WorkerService.Name"),
    ),
    updated(
        "WorkerTroubleRule",
        "AWS::Events::Rule",
        by_reference(NEVER, "EventPattern.resources.0", "WorkerService"),
    ),
    updated(
        "WorkerDiedRule",
        "AWS::Events::Rule",
        by_text(
            NEVER,
            "EventPattern.detail.group.0",
            "service:${WorkerService.Name}",
            "WorkerService",
        ),
    ),
)
OF_THE_REPOSITORY = (
    updated(
        "DeployRole",
        "AWS::IAM::Role",
        by_reference(
            NEVER, "Policies.0.PolicyDocument.Statement.1.Resource", "Repository.Arn"
        ),
    ),
    updated(
        "Boundary",
        "AWS::IAM::ManagedPolicy",
        by_reference(NEVER, "PolicyDocument.Statement.2.Resource", "Repository.Arn"),
    ),
)
OF_THE_DATABASE = (
    may_be_replaced(
        "ServerTask",
        "AWS::ECS::TaskDefinition",
        by_reference(
            ALWAYS,
            "ContainerDefinitions.1.Environment.12.Value",
            "Database.Endpoint.Address",
        ),
        by_reference(
            ALWAYS,
            "ContainerDefinitions.1.Environment.13.Value",
            "Database.Endpoint.Port",
        ),
    ),
    updated(
        "Service",
        "AWS::ECS::Service",
        by_reference(NEVER, "TaskDefinition", "ServerTask"),
    ),
    may_be_replaced(
        "BackupTask",
        "AWS::ECS::TaskDefinition",
        by_reference(
            ALWAYS,
            "ContainerDefinitions.0.Environment.0.Value",
            "Database.Endpoint.Address",
        ),
        by_reference(
            ALWAYS,
            "ContainerDefinitions.0.Environment.1.Value",
            "Database.Endpoint.Port",
        ),
    ),
    may_be_replaced(
        "RestoreTask",
        "AWS::ECS::TaskDefinition",
        by_reference(
            ALWAYS,
            "ContainerDefinitions.1.Environment.0.Value",
            "Database.Endpoint.Address",
        ),
        by_reference(
            ALWAYS,
            "ContainerDefinitions.1.Environment.1.Value",
            "Database.Endpoint.Port",
        ),
    ),
    updated(
        "DatabaseDiskLow",
        "AWS::CloudWatch::Alarm",
        by_reference(NEVER, "Dimensions.0.Value", "Database"),
    ),
    updated(
        "DatabaseConnectionsHigh",
        "AWS::CloudWatch::Alarm",
        by_reference(NEVER, "Dimensions.0.Value", "Database"),
    ),
)
OF_THE_MACHINE = (
    updated(
        "MachineFailed",
        "AWS::CloudWatch::Alarm",
        by_reference(NEVER, "Dimensions.0.Value", "ServerMachine"),
    ),
    updated(
        "SystemFailed",
        "AWS::CloudWatch::Alarm",
        by_reference(NEVER, "Dimensions.0.Value", "ServerMachine"),
    ),
)


CASES: Mapping[str, Case] = {
    # ---------- The network
    "the network's range": edited(
        FOUNDATION,
        [("CidrBlock: !Ref VpcCidr", "CidrBlock: 10.30.0.0/16")],
        replaced(
            "Vpc", "AWS::EC2::VPC", always("CidrBlock", ref("VpcCidr"), "10.30.0.0/16")
        ),
        *OF_THE_NETWORK,
        unsure="VPCGatewayAttachment: its page has no replacement for VpcId, its schema has.",
    ),
    # AWS::EC2::VPC, InstanceTenancy: from default to dedicated AWS replaces the
    # network, from dedicated to default it does not. The schema says conditional.
    "the network's tenancy": edited(
        FOUNDATION,
        [
            added(
                "      EnableDnsHostnames: true\n", "      InstanceTenancy: dedicated\n"
            )
        ],
        may_be_replaced(
            "Vpc", "AWS::EC2::VPC", sometimes("InstanceTenancy", ABSENT, "dedicated")
        ),
        *OF_THE_NETWORK,
        unsure="As with the range; and AWS may tell that the network is replaced for sure.",
    ),
    "the network's names of machines": edited(
        FOUNDATION,
        [("EnableDnsHostnames: true", "EnableDnsHostnames: false")],
        updated("Vpc", "AWS::EC2::VPC", never("EnableDnsHostnames", True, False)),
    ),
    "the network's tag": edited(
        FOUNDATION,
        [("Value: !Ref AWS::StackName", "Value: network")],
        updated(
            "Vpc",
            "AWS::EC2::VPC",
            never("Tags.0.Value", ref("AWS::StackName"), "network"),
        ),
    ),
    "a private subnet's zone": edited(
        FOUNDATION,
        [
            (
                "AvailabilityZone: !Ref ZoneB\n      CidrBlock: !Select [3,",
                "AvailabilityZone: eu-central-1c\n      CidrBlock: !Select [3,",
            )
        ],
        replaced(
            "PrivateSubnetB",
            "AWS::EC2::Subnet",
            always("AvailabilityZone", ref("ZoneB"), "eu-central-1c"),
        ),
        may_be_replaced(
            "PrivateRoutesOfB",
            "AWS::EC2::SubnetRouteTableAssociation",
            by_reference(ALWAYS, "SubnetId", "PrivateSubnetB"),
        ),
    ),
    "a public subnet's range": edited(
        FOUNDATION,
        [
            (
                "CidrBlock: !Select [0, !Cidr [!Ref VpcCidr, 4, 10]]",
                "CidrBlock: 10.20.16.0/22",
            )
        ],
        replaced(
            "PublicSubnetA",
            "AWS::EC2::Subnet",
            always(
                "CidrBlock",
                {"Fn::Select": [0, {"Fn::Cidr": [ref("VpcCidr"), 4, 10]}]},
                "10.20.16.0/22",
            ),
        ),
        may_be_replaced(
            "PublicRoutesOfA",
            "AWS::EC2::SubnetRouteTableAssociation",
            by_reference(ALWAYS, "SubnetId", "PublicSubnetA"),
        ),
        may_be_replaced(
            "NatGateway",
            "AWS::EC2::NatGateway",
            by_reference(ALWAYS, "SubnetId", "PublicSubnetA"),
        ),
        *OF_THE_NAT_GATEWAY,
    ),
    "the public route's destination": edited(
        FOUNDATION,
        [
            (
                "DestinationCidrBlock: 0.0.0.0/0\n      GatewayId",
                "DestinationCidrBlock: 192.0.2.0/24\n      GatewayId",
            )
        ],
        replaced(
            "PublicDefaultRoute",
            "AWS::EC2::Route",
            always("DestinationCidrBlock", "0.0.0.0/0", "192.0.2.0/24"),
        ),
    ),
    "the endpoint's service": edited(
        FOUNDATION,
        [
            (
                "ServiceName: !Sub com.amazonaws.${AWS::Region}.s3",
                "ServiceName: !Sub com.amazonaws.${AWS::Region}.dynamodb",
            )
        ],
        replaced(
            "S3Endpoint",
            "AWS::EC2::VPCEndpoint",
            always(
                "ServiceName",
                sub("com.amazonaws.${AWS::Region}.s3"),
                sub("com.amazonaws.${AWS::Region}.dynamodb"),
            ),
        ),
    ),
    "the endpoint's route tables": edited(
        FOUNDATION,
        [
            (
                "RouteTableIds: [!Ref PrivateRoutes]",
                "RouteTableIds: [!Ref PrivateRoutes, !Ref PublicRoutes]",
            )
        ],
        updated(
            "S3Endpoint",
            "AWS::EC2::VPCEndpoint",
            never("RouteTableIds.1", ABSENT, ref("PublicRoutes")),
        ),
    ),
    # ---------- The outbound address and the NAT
    "the NAT gateway's subnet": edited(
        FOUNDATION,
        [
            (
                "SubnetId: !Ref PublicSubnetA\n      AllocationId",
                "SubnetId: !Ref PublicSubnetB\n      AllocationId",
            )
        ],
        replaced(
            "NatGateway",
            "AWS::EC2::NatGateway",
            always("SubnetId", ref("PublicSubnetA"), ref("PublicSubnetB")),
        ),
        *OF_THE_NAT_GATEWAY,
    ),
    # Conditions: an update deletes resources whose condition has become false.
    "the NAT gateway that is given up": edited(
        FOUNDATION,
        [
            (
                "NatIsGateway: !And [Condition: MakesNetwork, !Equals [!Ref NatKind, gateway]]",
                "NatIsGateway: !And [Condition: MakesNetwork, !Equals [!Ref NatKind, managed]]",
            )
        ],
        deleted("NatGateway", "AWS::EC2::NatGateway"),
        deleted("RouteThroughGateway", "AWS::EC2::Route"),
        deleted("NatGatewayOutOfPorts", "AWS::CloudWatch::Alarm"),
    ),
    "the NAT instance that comes beside the gateway": edited(
        FOUNDATION,
        [("!Equals [!Ref NatKind, instance]", "!Equals [!Ref NatKind, gateway]")],
        created("NatSecurityGroup", "AWS::EC2::SecurityGroup"),
        created("NatInterface", "AWS::EC2::NetworkInterface"),
        created("NatAddress", "AWS::EC2::EIPAssociation"),
        created("RouteThroughInstance", "AWS::EC2::Route"),
        created("NatTemplate", "AWS::EC2::LaunchTemplate"),
        created("NatGroup", "AWS::AutoScaling::AutoScalingGroup"),
        created("NatMissing", "AWS::CloudWatch::Alarm"),
    ),
    # DeletionPolicy attribute: RetainExceptOnCreate is Retain, except for the
    # operation that creates the resource.
    "the outbound address that goes": edited(
        FOUNDATION,
        [
            (ADDRESS, ""),
            (
                (
                    "      SubnetId: !Ref PublicSubnetA\n"
                    "      AllocationId: !If [MakesAddress, !GetAtt Address.AllocationId, !Ref ExistingAllocationId]"
                ),
                (
                    "      SubnetId: !Ref PublicSubnetA\n"
                    "      AllocationId: !Ref ExistingAllocationId"
                ),
            ),
            (
                (
                    "      AllocationId: !If [MakesAddress, !GetAtt Address.AllocationId, !Ref ExistingAllocationId]\n"
                    "      NetworkInterfaceId"
                ),
                (
                    "      AllocationId: !Ref ExistingAllocationId\n"
                    "      NetworkInterfaceId"
                ),
            ),
            (
                (
                    "    Value: !If\n"
                    "      - MakesAddress\n"
                    "      - !Ref Address\n"
                    "      - !If [KnowsAddress, !Ref ExistingIpAddress, unknown]"
                ),
                "    Value: !If [KnowsAddress, !Ref ExistingIpAddress, unknown]",
            ),
            (
                (
                    "    Value: !If\n"
                    "      - MakesAddress\n"
                    "      - !GetAtt Address.AllocationId\n"
                    "      - !If [MakesNetwork, !Ref ExistingAllocationId, none]"
                ),
                "    Value: !If [MakesNetwork, !Ref ExistingAllocationId, none]",
            ),
        ],
        deleted("Address", "AWS::EC2::EIP", old_stays=KEPT),
        parameters={"NatKind": "none"},
    ),
    # As above. The gateway's own address changes in the template, so that it is
    # replaced for sure.
    "the outbound address whose condition fails": edited(
        FOUNDATION,
        [
            (
                '!Equals [!Ref ExistingAllocationId, ""]]\n  KnowsAddress',
                "!Equals [!Ref ExistingAllocationId, none]]\n  KnowsAddress",
            )
        ],
        deleted("Address", "AWS::EC2::EIP", old_stays=KEPT),
        replaced(
            "NatGateway",
            "AWS::EC2::NatGateway",
            always(
                "AllocationId",
                attribute("Address.AllocationId"),
                ref("ExistingAllocationId"),
            ),
        ),
        *OF_THE_NAT_GATEWAY,
    ),
    "the outbound address's tag": edited(
        FOUNDATION,
        [("${AWS::StackName}-outbound", "${AWS::StackName}-address")],
        updated(
            "Address",
            "AWS::EC2::EIP",
            never(
                "Tags.0.Value",
                sub("${AWS::StackName}-outbound"),
                sub("${AWS::StackName}-address"),
            ),
        ),
    ),
    # AWS::EC2::LaunchTemplate: a change makes a new version, so that
    # LatestVersionNumber changes though nothing is replaced. The schema of
    # AutoScalingGroup says conditional for LaunchTemplate.
    "the NAT machine's template": edited(
        FOUNDATION,
        [("          HttpTokens: required", "          HttpTokens: optional")],
        updated(
            "NatTemplate",
            "AWS::EC2::LaunchTemplate",
            never(
                "LaunchTemplateData.MetadataOptions.HttpTokens", "required", "optional"
            ),
        ),
        may_be_replaced(
            "NatGroup",
            "AWS::AutoScaling::AutoScalingGroup",
            by_reference(
                SOMETIMES, "LaunchTemplate.Version", "NatTemplate.LatestVersionNumber"
            ),
        ),
        updated(
            "NatMissing",
            "AWS::CloudWatch::Alarm",
            by_reference(NEVER, "Dimensions.0.Value", "NatGroup"),
        ),
        parameters={"NatKind": "instance"},
        unsure="AutoScalingGroup: its page has no interruption for LaunchTemplate.",
    ),
    "the text of the NAT's interface": edited(
        FOUNDATION,
        [
            (
                "Description: Holds the outbound address and the private subnets' route.",
                "Description: Holds the outbound address.",
            )
        ],
        updated(
            "NatInterface",
            "AWS::EC2::NetworkInterface",
            never(
                "Description",
                "Holds the outbound address and the private subnets' route.",
                "Holds the outbound address.",
            ),
        ),
        parameters={"NatKind": "instance"},
    ),
    # Get and update a template: UpdatePolicy cannot be updated by itself.
    "the pace at which the NAT's machine is replaced": edited(
        FOUNDATION,
        [("PauseTime: PT15M", "PauseTime: PT20M")],
        parameters={"NatKind": "instance"},
    ),
    # ---------- Security groups
    "the text of the runs' security group": edited(
        FOUNDATION,
        [
            (
                "GroupDescription: The worker and the runs reach out, and nothing reaches them.",
                "GroupDescription: Worker and runs.",
            )
        ],
        replaced(
            "TaskSecurityGroup",
            "AWS::EC2::SecurityGroup",
            always(
                "GroupDescription",
                "The worker and the runs reach out, and nothing reaches them.",
                "Worker and runs.",
            ),
        ),
    ),
    # AWS::EC2::SecurityGroup: new rules are some interruption, no replacement.
    "the rule of the runs' security group": edited(
        FOUNDATION,
        [
            (
                (
                    "Description: Sources and warehouses may be anywhere, on any port.\n"
                    '          IpProtocol: "-1"\n'
                    "          CidrIp: 0.0.0.0/0"
                ),
                (
                    "Description: Sources and warehouses may be anywhere, on any port.\n"
                    '          IpProtocol: "-1"\n'
                    "          CidrIp: 10.0.0.0/8"
                ),
            )
        ],
        updated(
            "TaskSecurityGroup",
            "AWS::EC2::SecurityGroup",
            never("SecurityGroupEgress.0.CidrIp", "0.0.0.0/0", "10.0.0.0/8"),
        ),
    ),
    "a rule more for the runs' security group": edited(
        FOUNDATION,
        [
            (
                "      SecurityGroupEgress:\n        - Description: Sources",
                (
                    "      SecurityGroupIngress:\n"
                    "        - Description: People who look.\n"
                    "          IpProtocol: tcp\n"
                    "          FromPort: 443\n"
                    "          ToPort: 443\n"
                    "          CidrIp: 192.0.2.0/24\n"
                    "      SecurityGroupEgress:\n"
                    "        - Description: Sources"
                ),
            )
        ],
        updated(
            "TaskSecurityGroup",
            "AWS::EC2::SecurityGroup",
            never(
                "SecurityGroupIngress",
                ABSENT,
                [
                    {
                        "Description": "People who look.",
                        "IpProtocol": "tcp",
                        "FromPort": 443,
                        "ToPort": 443,
                        "CidrIp": "192.0.2.0/24",
                    }
                ],
            ),
        ),
    ),
    "the text of the server's security group": edited(
        SERVER_ON_ECS,
        [
            (
                "GroupDescription: The Prefect server, and the tasks that back it up.",
                "GroupDescription: The Prefect server.",
            )
        ],
        replaced(
            "ServerSecurityGroup",
            "AWS::EC2::SecurityGroup",
            always(
                "GroupDescription",
                "The Prefect server, and the tasks that back it up.",
                "The Prefect server.",
            ),
        ),
        updated(
            "BalancerSecurityGroup",
            "AWS::EC2::SecurityGroup",
            by_reference(
                NEVER,
                "SecurityGroupEgress.0.DestinationSecurityGroupId",
                "ServerSecurityGroup.GroupId",
            ),
        ),
        may_be_replaced(
            "ServerFromBalancer",
            "AWS::EC2::SecurityGroupIngress",
            by_reference(ALWAYS, "GroupId", "ServerSecurityGroup.GroupId"),
        ),
        may_be_replaced(
            "DatabaseFromServer",
            "AWS::EC2::SecurityGroupIngress",
            by_reference(
                ALWAYS, "SourceSecurityGroupId", "ServerSecurityGroup.GroupId"
            ),
        ),
        may_be_replaced(
            "FilesFromServer",
            "AWS::EC2::SecurityGroupIngress",
            by_reference(
                ALWAYS, "SourceSecurityGroupId", "ServerSecurityGroup.GroupId"
            ),
        ),
        updated(
            "Service",
            "AWS::ECS::Service",
            by_reference(
                NEVER,
                "NetworkConfiguration.AwsvpcConfiguration.SecurityGroups.0",
                "ServerSecurityGroup.GroupId",
            ),
        ),
    ),
    "the port of a rule that is a resource": edited(
        SERVER_ON_ECS,
        [
            (
                "FromPort: 5432\n      ToPort: 5432\n      SourceSecurityGroupId",
                "FromPort: 5433\n      ToPort: 5433\n      SourceSecurityGroupId",
            )
        ],
        replaced(
            "DatabaseFromServer",
            "AWS::EC2::SecurityGroupIngress",
            always("FromPort", 5432, 5433),
            always("ToPort", 5432, 5433),
        ),
    ),
    "the text of a rule that is a resource": edited(
        SERVER_ON_ECS,
        [("Description: The server.\n", "Description: The server's task.\n")],
        updated(
            "FilesFromServer",
            "AWS::EC2::SecurityGroupIngress",
            never("Description", "The server.", "The server's task."),
        ),
    ),
    # ---------- Topic, mails, queues
    # AWS::Budgets::Budget: NotificationsWithSubscribers requires replacement, so
    # that the budget may be replaced, too.
    "the topic's name": edited(
        FOUNDATION,
        [
            added(
                "      DisplayName: !Ref AWS::StackName\n",
                "      TopicName: platform-alarms\n",
            )
        ],
        replaced(
            "AlarmTopic",
            "AWS::SNS::Topic",
            always("TopicName", ABSENT, "platform-alarms"),
        ),
        updated(
            "AlarmTopicPolicy",
            "AWS::SNS::TopicPolicy",
            by_reference(NEVER, "Topics.0", "AlarmTopic"),
            by_reference(NEVER, "PolicyDocument.Statement.0.Resource", "AlarmTopic"),
        ),
        updated(
            "AlarmRole",
            "AWS::IAM::Role",
            by_reference(
                NEVER, "Policies.0.PolicyDocument.Statement.0.Resource", "AlarmTopic"
            ),
        ),
        updated(
            "MailsLost",
            "AWS::CloudWatch::Alarm",
            by_reference(NEVER, "AlarmActions.0", "AlarmTopic"),
        ),
        may_be_replaced(
            "AlarmMail",
            "AWS::SNS::Subscription",
            by_reference(ALWAYS, "TopicArn", "AlarmTopic"),
        ),
        updated(
            "NatGatewayOutOfPorts",
            "AWS::CloudWatch::Alarm",
            by_reference(NEVER, "AlarmActions.0", "AlarmTopic"),
        ),
        may_be_replaced(
            "Budget",
            "AWS::Budgets::Budget",
            by_reference(
                ALWAYS,
                "NotificationsWithSubscribers.0.Subscribers.0.Address",
                "AlarmTopic",
            ),
            by_reference(
                ALWAYS,
                "NotificationsWithSubscribers.1.Subscribers.0.Address",
                "AlarmTopic",
            ),
        ),
    ),
    "the topic's display name": edited(
        FOUNDATION,
        [("DisplayName: !Ref AWS::StackName", "DisplayName: alarms")],
        updated(
            "AlarmTopic",
            "AWS::SNS::Topic",
            never("DisplayName", ref("AWS::StackName"), "alarms"),
        ),
    ),
    "the mails' recipient": edited(
        FOUNDATION,
        [("Endpoint: !Ref AlertEmail", "Endpoint: team@example.org")],
        replaced(
            "AlarmMail",
            "AWS::SNS::Subscription",
            always("Endpoint", ref("AlertEmail"), "team@example.org"),
        ),
    ),
    # Conditions: an update deletes resources whose condition has become false.
    "the mails that are given up": edited(
        FOUNDATION,
        [
            (
                'SendsMail: !Not [!Equals [!Ref AlertEmail, ""]]',
                'SendsMail: !Equals [!Ref AlertEmail, ""]',
            )
        ],
        deleted("AlarmMail", "AWS::SNS::Subscription"),
    ),
    "the name of the queue of lost mails": edited(
        FOUNDATION,
        [added("      SqsManagedSseEnabled: true\n", "      QueueName: lost-mails\n")],
        replaced(
            "LostMails", "AWS::SQS::Queue", always("QueueName", ABSENT, "lost-mails")
        ),
        updated(
            "LostMailsPolicy",
            "AWS::SQS::QueuePolicy",
            by_reference(NEVER, "Queues.0", "LostMails"),
            by_reference(NEVER, "PolicyDocument.Statement.0.Resource", "LostMails.Arn"),
        ),
        updated(
            "MailsLost",
            "AWS::CloudWatch::Alarm",
            by_reference(NEVER, "Dimensions.0.Value", "LostMails.QueueName"),
        ),
    ),
    "the days for which lost mails are kept": edited(
        FOUNDATION,
        [("MessageRetentionPeriod: 1209600", "MessageRetentionPeriod: 604800")],
        updated(
            "LostMails",
            "AWS::SQS::Queue",
            never("MessageRetentionPeriod", 1209600, 604800),
        ),
    ),
    "the name of the queue of events": edited(
        PLATFORM,
        [added("      VisibilityTimeout: 300\n", "      QueueName: task-events\n")],
        replaced(
            "TaskEvents", "AWS::SQS::Queue", always("QueueName", ABSENT, "task-events")
        ),
        updated(
            "TaskEventsRule",
            "AWS::Events::Rule",
            by_reference(NEVER, "Targets.0.Arn", "TaskEvents.Arn"),
        ),
        updated(
            "TaskEventsPolicy",
            "AWS::SQS::QueuePolicy",
            by_reference(NEVER, "Queues.0", "TaskEvents"),
            by_reference(
                NEVER, "PolicyDocument.Statement.0.Resource", "TaskEvents.Arn"
            ),
        ),
        updated(
            "WorkerRole",
            "AWS::IAM::Role",
            by_reference(
                NEVER,
                "Policies.1.PolicyDocument.Statement.0.Resource",
                "TaskEvents.Arn",
            ),
        ),
        may_be_replaced(
            "WorkerTask",
            "AWS::ECS::TaskDefinition",
            by_reference(
                ALWAYS,
                "ContainerDefinitions.0.Environment.6.Value",
                "TaskEvents.QueueName",
            ),
        ),
        updated(
            "EventsNotRead",
            "AWS::CloudWatch::Alarm",
            by_reference(NEVER, "Dimensions.0.Value", "TaskEvents.QueueName"),
        ),
        *OF_THE_TASK,
    ),
    "the hours for which events are kept": edited(
        PLATFORM,
        [("MessageRetentionPeriod: 86400", "MessageRetentionPeriod: 172800")],
        updated(
            "TaskEvents",
            "AWS::SQS::Queue",
            never("MessageRetentionPeriod", 86400, 172800),
        ),
    ),
    # ---------- Alarms and money
    "an alarm's name": edited(
        FOUNDATION,
        [
            (
                "      AlarmDescription: >-\n        EventBridge could not",
                (
                    "      AlarmName: mails-lost\n"
                    "      AlarmDescription: >-\n"
                    "        EventBridge could not"
                ),
            )
        ],
        replaced(
            "MailsLost",
            "AWS::CloudWatch::Alarm",
            always("AlarmName", ABSENT, "mails-lost"),
        ),
    ),
    "an alarm's period": edited(
        FOUNDATION,
        [("Statistic: Sum\n      Period: 300", "Statistic: Sum\n      Period: 60")],
        updated(
            "NatGatewayOutOfPorts", "AWS::CloudWatch::Alarm", never("Period", 300, 60)
        ),
    ),
    # Get and update a template: for most resources another logical name is the
    # deletion of one resource and the creation of another.
    "an alarm's logical name": edited(
        FOUNDATION,
        [("  MailsLost:\n", "  MailsUndelivered:\n")],
        created("MailsUndelivered", "AWS::CloudWatch::Alarm"),
        deleted("MailsLost", "AWS::CloudWatch::Alarm"),
    ),
    # AWS::Budgets::Budget BudgetData: BudgetName requires replacement.
    "the budget's name": edited(
        FOUNDATION,
        [
            (
                "BudgetName: !Sub ${AWS::StackName}-monthly-${AWS::Region}",
                "BudgetName: !Sub ${AWS::StackName}-${AWS::Region}",
            )
        ],
        replaced(
            "Budget",
            "AWS::Budgets::Budget",
            always(
                "Budget.BudgetName",
                sub("${AWS::StackName}-monthly-${AWS::Region}"),
                sub("${AWS::StackName}-${AWS::Region}"),
            ),
        ),
    ),
    "the budget's limit": edited(
        FOUNDATION,
        [("Amount: !Ref MonthlyBudgetUsd", "Amount: 200")],
        updated(
            "Budget",
            "AWS::Budgets::Budget",
            never("Budget.BudgetLimit.Amount", ref("MonthlyBudgetUsd"), 200),
        ),
    ),
    # AWS::Budgets::Budget: NotificationsWithSubscribers requires replacement as a
    # whole, though the pages of what is in it say no interruption. Its name is
    # given, so that AWS would refuse.
    "the budget's first alarm": edited(
        FOUNDATION,
        [("Threshold: 80", "Threshold: 90")],
        replaced(
            "Budget",
            "AWS::Budgets::Budget",
            always("NotificationsWithSubscribers.0.Notification.Threshold", 80, 90),
        ),
    ),
    # ---------- What changes no resource
    # Get and update a template: DeletionPolicy cannot be updated by itself.
    "a DeletionPolicy that is added": edited(
        FOUNDATION,
        [added("    Type: AWS::SNS::Topic\n", "    DeletionPolicy: Retain\n")],
        unsure="The API names it as an attribute that a change set may list.",
    ),
    # As above.
    "a DeletionPolicy that becomes another": edited(
        FOUNDATION,
        [("DeletionPolicy: RetainExceptOnCreate", "DeletionPolicy: Retain")],
        unsure="The API names it as an attribute that a change set may list.",
    ),
    "an output's text": edited(
        FOUNDATION,
        [("    Description: The topic of the alarms.", "    Description: The topic.")],
    ),
    "an output that is added": edited(
        FOUNDATION,
        [
            (
                "  AlarmTopicArn:\n    Description",
                (
                    "  AlarmTopicName:\n"
                    "    Description: The topic's name.\n"
                    "    Value: !GetAtt AlarmTopic.TopicName\n"
                    "  AlarmTopicArn:\n"
                    "    Description"
                ),
            )
        ],
    ),
    # API, Parameter: UsePreviousValue keeps the stack's value. The new default counts
    # only where neither it nor a value is given.
    "a parameter's default": edited(
        FOUNDATION, [("Default: 10.20.0.0/16", "Default: 10.30.0.0/16")]
    ),
    # Metadata section: it cannot be updated by itself.
    "the parameters' groups": edited(
        FOUNDATION, [("default: Alarms and money", "default: Mails and money")]
    ),
    "what a resource waits for": edited(
        FOUNDATION,
        [
            (
                "    DependsOn: AlarmTopicPolicy\n",
                "    DependsOn: [AlarmTopicPolicy, AlarmRole]\n",
            )
        ],
        unsure="No page says that DependsOn alone changes nothing.",
    ),
    "a comment": edited(
        FOUNDATION, [("  # ---------- Network\n", "  # ---------- The network\n")]
    ),
    "a function in its long form": edited(
        FOUNDATION,
        [
            (
                "InternetGatewayId: !Ref InternetGateway",
                "InternetGatewayId: {Ref: InternetGateway}",
            )
        ],
    ),
    # Example change sets: AWS compares values, where it can determine them.
    "a name that is joined in another way": edited(
        FOUNDATION,
        [
            (
                "Value: !Sub ${AWS::StackName}-public-a",
                'Value: !Join ["-", [!Ref AWS::StackName, public-a]]',
            )
        ],
        unsure="No page shows it for functions of pseudo parameters.",
    ),
    # The value stays the same, and conditions cannot be updated by themselves.
    "branches that change places with their condition": edited(
        FOUNDATION,
        [
            (
                "  HasZone: !Not",
                "  TakesNetwork: !Not [Condition: MakesNetwork]\n  HasZone: !Not",
            ),
            (
                "VpcId: !If [MakesNetwork, !Ref Vpc, !Ref ExistingVpcId]",
                "VpcId: !If [TakesNetwork, !Ref ExistingVpcId, !Ref Vpc]",
            ),
        ],
    ),
    # Conditions cannot be updated by themselves.
    "a condition that holds anyway": edited(
        PLATFORM,
        [
            added(
                "  AlertsRefused:\n    Type: AWS::CloudWatch::Alarm\n",
                "    Condition: HasWorker\n",
            )
        ],
    ),
    # ---------- What is noted on a resource
    # ResourceChange, Scope: Metadata alone is a modification. It reaches no
    # service.
    "a resource's metadata": edited(
        FOUNDATION,
        [
            added(
                "    Type: AWS::SNS::Topic\n",
                "    Metadata:\n      Reviewed: November\n",
            )
        ],
        updated(
            "AlarmTopic",
            "AWS::SNS::Topic",
            never("Metadata", ABSENT, {"Reviewed": "November"}),
        ),
    ),
    # ---------- The lake
    # UpdateReplacePolicy attribute: Retain keeps the old bucket.
    "the lake's name": edited(
        LAKE,
        [
            (
                "      # checkov:skip=CKV_AWS_18:",
                "      BucketName: our-lake\n      # checkov:skip=CKV_AWS_18:",
            )
        ],
        replaced(
            "Bucket",
            "AWS::S3::Bucket",
            always("BucketName", ABSENT, "our-lake"),
            old_stays=KEPT,
        ),
        may_be_replaced(
            "BucketPolicy",
            "AWS::S3::BucketPolicy",
            by_reference(ALWAYS, "Bucket", "Bucket"),
            by_reference(NEVER, "PolicyDocument.Statement.0.Resource.0", "Bucket.Arn"),
            by_text(
                NEVER,
                "PolicyDocument.Statement.0.Resource.1",
                "${Bucket.Arn}/*",
                "Bucket",
            ),
        ),
        updated(
            "SnowflakeRole",
            "AWS::IAM::Role",
            by_text(
                NEVER,
                "Policies.0.PolicyDocument.Statement.0.Resource",
                "${Bucket.Arn}/*",
                "Bucket",
            ),
            by_reference(
                NEVER, "Policies.0.PolicyDocument.Statement.1.Resource", "Bucket.Arn"
            ),
        ),
    ),
    "the lake's encryption": edited(
        LAKE,
        [("SSEAlgorithm: AES256", "SSEAlgorithm: aws:kms")],
        updated(
            "Bucket",
            "AWS::S3::Bucket",
            never(
                "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.SSEAlgorithm",
                "AES256",
                "aws:kms",
            ),
        ),
    ),
    "the days for which the lake keeps replaced files": edited(
        LAKE,
        [("NoncurrentDays: 30", "NoncurrentDays: 60")],
        updated(
            "Bucket",
            "AWS::S3::Bucket",
            never(
                "LifecycleConfiguration.Rules.0.NoncurrentVersionExpiration.NoncurrentDays",
                30,
                60,
            ),
        ),
    ),
    # Get and update a template: another logical name is a deletion and a
    # creation, and what depends on it may be replaced. DeletionPolicy keeps the
    # old bucket.
    "the lake's logical name": edited(
        LAKE,
        [
            (
                "  Bucket:\n    Type: AWS::S3::Bucket\n",
                "  Lake:\n    Type: AWS::S3::Bucket\n",
            ),
            ("      Bucket: !Ref Bucket\n", "      Bucket: !Ref Lake\n"),
            (
                (
                    "              - !GetAtt Bucket.Arn\n"
                    "              - !Sub ${Bucket.Arn}/*"
                ),
                "              - !GetAtt Lake.Arn\n              - !Sub ${Lake.Arn}/*",
            ),
            (
                "                Resource: !Sub ${Bucket.Arn}/*",
                "                Resource: !Sub ${Lake.Arn}/*",
            ),
            (
                "                Resource: !GetAtt Bucket.Arn",
                "                Resource: !GetAtt Lake.Arn",
            ),
            ("    Value: !Ref Bucket\n", "    Value: !Ref Lake\n"),
            ("    Value: !Sub s3://${Bucket}", "    Value: !Sub s3://${Lake}"),
        ],
        created("Lake", "AWS::S3::Bucket"),
        deleted("Bucket", "AWS::S3::Bucket", old_stays=KEPT),
        replaced(
            "BucketPolicy",
            "AWS::S3::BucketPolicy",
            always("Bucket", ref("Bucket"), ref("Lake")),
            never(
                "PolicyDocument.Statement.0.Resource.0",
                attribute("Bucket.Arn"),
                attribute("Lake.Arn"),
            ),
            never(
                "PolicyDocument.Statement.0.Resource.1",
                sub("${Bucket.Arn}/*"),
                sub("${Lake.Arn}/*"),
            ),
        ),
        updated(
            "SnowflakeRole",
            "AWS::IAM::Role",
            never(
                "Policies.0.PolicyDocument.Statement.0.Resource",
                sub("${Bucket.Arn}/*"),
                sub("${Lake.Arn}/*"),
            ),
            never(
                "Policies.0.PolicyDocument.Statement.1.Resource",
                attribute("Bucket.Arn"),
                attribute("Lake.Arn"),
            ),
        ),
        unsure="The new name is not known before: the policy may be one that may be replaced.",
    ),
    # AWS::NoValue removes the property.
    "the lake's notification, whose branches change places": edited(
        LAKE,
        [
            (
                "        - SnowpipeIsKnown\n        - QueueConfigurations:",
                (
                    "        - SnowpipeIsKnown\n"
                    "        - !Ref AWS::NoValue\n"
                    "        - QueueConfigurations:"
                ),
            ),
            (
                "                      Value: .parquet\n        - !Ref AWS::NoValue",
                "                      Value: .parquet",
            ),
        ],
        updated(
            "Bucket",
            "AWS::S3::Bucket",
            never(
                "NotificationConfiguration",
                {
                    "QueueConfigurations": [
                        {
                            "Event": "s3:ObjectCreated:*",
                            "Queue": ref("SnowpipeQueueArn"),
                            "Filter": {
                                "S3Key": {
                                    "Rules": [
                                        {"Name": "prefix", "Value": ref("RatesPrefix")},
                                        {"Name": "suffix", "Value": ".parquet"},
                                    ]
                                }
                            },
                        }
                    ]
                },
                ABSENT,
            ),
        ),
        parameters={
            "SnowpipeQueueArn": "arn:aws:sqs:eu-central-1:123456789012:snowpipe"
        },
    ),
    "the lake's policy": edited(
        LAKE,
        [("Sid: OnlyEncryptedConnections", "Sid: OnlyTls")],
        updated(
            "BucketPolicy",
            "AWS::S3::BucketPolicy",
            never(
                "PolicyDocument.Statement.0.Sid", "OnlyEncryptedConnections", "OnlyTls"
            ),
        ),
    ),
    "the name of Snowflake's role": edited(
        LAKE,
        [
            added(
                "      Description: Snowflake reads the data lake.\n",
                "      RoleName: snowflake\n",
            )
        ],
        replaced(
            "SnowflakeRole", "AWS::IAM::Role", always("RoleName", ABSENT, "snowflake")
        ),
    ),
    # ---------- Logs
    "the name of the worker's log": edited(
        PLATFORM,
        [
            (
                "LogGroupName: !Sub /${AWS::StackName}/worker",
                "LogGroupName: !Sub /${AWS::StackName}/workers",
            )
        ],
        replaced(
            "WorkerLogs",
            "AWS::Logs::LogGroup",
            always(
                "LogGroupName",
                sub("/${AWS::StackName}/worker"),
                sub("/${AWS::StackName}/workers"),
            ),
        ),
        updated(
            "ExecutionRole",
            "AWS::IAM::Role",
            by_text(
                NEVER,
                "Policies.0.PolicyDocument.Statement.2.Resource.1",
                "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${WorkerLogs}:*",
                "WorkerLogs",
            ),
        ),
        may_be_replaced(
            "WorkerTask",
            "AWS::ECS::TaskDefinition",
            by_reference(
                ALWAYS,
                "ContainerDefinitions.0.LogConfiguration.Options.awslogs-group",
                "WorkerLogs",
            ),
            by_reference(
                ALWAYS,
                "ContainerDefinitions.1.LogConfiguration.Options.awslogs-group",
                "WorkerLogs",
            ),
        ),
        may_be_replaced(
            "AlertsRefusedMetric",
            "AWS::Logs::MetricFilter",
            by_reference(ALWAYS, "LogGroupName", "WorkerLogs"),
        ),
        *OF_THE_TASK,
    ),
    "the days for which the worker's log is kept": edited(
        PLATFORM,
        [
            (
                "/worker\n      RetentionInDays: !Ref LogRetentionDays",
                "/worker\n      RetentionInDays: 30",
            )
        ],
        updated(
            "WorkerLogs",
            "AWS::Logs::LogGroup",
            never("RetentionInDays", ref("LogRetentionDays"), 30),
        ),
    ),
    "the pattern of a metric": edited(
        PLATFORM,
        [("FilterPattern: '\"alerts: not told\"'", "FilterPattern: '\"not told\"'")],
        updated(
            "AlertsRefusedMetric",
            "AWS::Logs::MetricFilter",
            never("FilterPattern", '"alerts: not told"', '"not told"'),
        ),
    ),
    # ---------- Cluster, task and service
    "the cluster's name": edited(
        PLATFORM,
        [
            (
                "      ClusterSettings:\n",
                "      ClusterName: platform\n      ClusterSettings:\n",
            )
        ],
        replaced(
            "Cluster", "AWS::ECS::Cluster", always("ClusterName", ABSENT, "platform")
        ),
        updated(
            "TaskEventsRule",
            "AWS::Events::Rule",
            by_reference(NEVER, "EventPattern.detail.clusterArn.0", "Cluster.Arn"),
        ),
        updated(
            "WorkerRole",
            "AWS::IAM::Role",
            by_reference(
                NEVER,
                "Policies.0.PolicyDocument.Statement.1.Condition.ArnEquals.ecs:cluster",
                "Cluster.Arn",
            ),
            by_text(
                NEVER,
                "Policies.0.PolicyDocument.Statement.2.Resource",
                "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:task/${Cluster}/*",
                "Cluster",
            ),
            by_text(
                NEVER,
                "Policies.0.PolicyDocument.Statement.3.Resource",
                "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:task/${Cluster}/*",
                "Cluster",
            ),
            by_reference(
                NEVER,
                "Policies.1.PolicyDocument.Statement.1.Condition.ArnEquals.ecs:cluster",
                "Cluster.Arn",
            ),
        ),
        may_be_replaced(
            "WorkerTask",
            "AWS::ECS::TaskDefinition",
            by_reference(
                ALWAYS, "ContainerDefinitions.1.Environment.0.Value", "Cluster.Arn"
            ),
        ),
        may_be_replaced(
            "WorkerService",
            "AWS::ECS::Service",
            by_reference(ALWAYS, "Cluster", "Cluster"),
            by_reference(NEVER, "TaskDefinition", "WorkerTask"),
        ),
        may_be_replaced(
            "WorkerCount",
            "AWS::ApplicationAutoScaling::ScalableTarget",
            by_text(
                ALWAYS,
                "ResourceId",
                "service/${Cluster}/${WorkerService.Name}",
                "Cluster",
                "WorkerService",
            ),
        ),
        may_be_replaced(
            "WorkerScaling",
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            by_reference(ALWAYS, "ScalingTargetId", "WorkerCount"),
        ),
        updated(
            "NoWorker",
            "AWS::CloudWatch::Alarm",
            by_reference(NEVER, "Dimensions.0.Value", "Cluster"),
            by_reference(NEVER, "Dimensions.1.Value", "WorkerService.Name"),
        ),
        updated(
            "WorkerTroubleRule",
            "AWS::Events::Rule",
            by_reference(NEVER, "EventPattern.resources.0", "WorkerService"),
        ),
        updated(
            "WorkerDiedRule",
            "AWS::Events::Rule",
            by_reference(NEVER, "EventPattern.detail.clusterArn.0", "Cluster.Arn"),
            by_text(
                NEVER,
                "EventPattern.detail.group.0",
                "service:${WorkerService.Name}",
                "WorkerService",
            ),
        ),
    ),
    "the cluster's settings": edited(
        PLATFORM,
        [("Value: disabled", "Value: enabled")],
        updated(
            "Cluster",
            "AWS::ECS::Cluster",
            never("ClusterSettings.0.Value", "disabled", "enabled"),
        ),
    ),
    # AWS::ECS::TaskDefinition: a definition is immutable, and a new one is each
    # release's ordinary business.
    "the worker's command": edited(
        PLATFORM,
        [('            - "10"\n', '            - "20"\n')],
        replaced(
            "WorkerTask",
            "AWS::ECS::TaskDefinition",
            always("ContainerDefinitions.0.Command.10", "10", "20"),
        ),
        *OF_THE_TASK,
    ),
    # As above.
    "the worker's memory": edited(
        PLATFORM,
        [("Memory: !Ref WorkerMemory", 'Memory: "2048"')],
        replaced(
            "WorkerTask",
            "AWS::ECS::TaskDefinition",
            always("Memory", ref("WorkerMemory"), "2048"),
        ),
        *OF_THE_TASK,
    ),
    "the tags of the worker's task": edited(
        PLATFORM,
        [
            added(
                "      Family: !Sub ${AWS::StackName}-worker\n",
                "      Tags:\n        - Key: part\n          Value: worker\n",
            )
        ],
        updated(
            "WorkerTask",
            "AWS::ECS::TaskDefinition",
            never("Tags", ABSENT, [{"Key": "part", "Value": "worker"}]),
        ),
    ),
    "the service's name": edited(
        PLATFORM,
        [
            added(
                "      TaskDefinition: !Ref WorkerTask\n", "      ServiceName: worker\n"
            )
        ],
        replaced(
            "WorkerService",
            "AWS::ECS::Service",
            always("ServiceName", ABSENT, "worker"),
        ),
        *OF_THE_SERVICE,
    ),
    "the service's launch type": edited(
        PLATFORM,
        [("LaunchType: FARGATE", "LaunchType: EC2")],
        may_be_replaced(
            "WorkerService",
            "AWS::ECS::Service",
            sometimes("LaunchType", "FARGATE", "EC2"),
        ),
        *OF_THE_SERVICE,
        unsure="Service: its page had replacement for LaunchType in 2023.",
    ),
    "the service's count": edited(
        SERVER_ON_ECS,
        [("DesiredCount: 1", "DesiredCount: 2")],
        updated("Service", "AWS::ECS::Service", never("DesiredCount", 1, 2)),
    ),
    # AWS::ECS::Service: LoadBalancers has no interruption.
    "the service's load balancer": edited(
        SERVER_ON_ECS,
        [
            (
                "ContainerPort: 4200\n          TargetGroupArn",
                "ContainerPort: 4201\n          TargetGroupArn",
            )
        ],
        updated(
            "Service",
            "AWS::ECS::Service",
            never("LoadBalancers.0.ContainerPort", 4200, 4201),
        ),
    ),
    "the service's way out": edited(
        PLATFORM,
        [("AssignPublicIp: DISABLED", "AssignPublicIp: ENABLED")],
        updated(
            "WorkerService",
            "AWS::ECS::Service",
            never(
                "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp",
                "DISABLED",
                "ENABLED",
            ),
        ),
    ),
    "the service's shell": edited(
        PLATFORM,
        [("EnableExecuteCommand: !Ref EcsExec", "EnableExecuteCommand: true")],
        updated(
            "WorkerService",
            "AWS::ECS::Service",
            never("EnableExecuteCommand", ref("EcsExec"), True),
        ),
    ),
    # Conditions: an update deletes resources whose condition has become false.
    "the worker that is given up": edited(
        PLATFORM,
        [
            (
                "HasWorker: !Not [!Equals [!Ref MinimumWorkers, 0]]",
                "HasWorker: !Equals [!Ref MinimumWorkers, 0]",
            )
        ],
        deleted("WorkerService", "AWS::ECS::Service"),
        deleted("WorkerCount", "AWS::ApplicationAutoScaling::ScalableTarget"),
        deleted("WorkerScaling", "AWS::ApplicationAutoScaling::ScalingPolicy"),
        deleted("NoWorker", "AWS::CloudWatch::Alarm"),
        deleted("WorkerTroubleRule", "AWS::Events::Rule"),
        deleted("WorkerDiedRule", "AWS::Events::Rule"),
    ),
    "the most workers": edited(
        PLATFORM,
        [("MaxCapacity: !Ref MaximumWorkers", "MaxCapacity: 5")],
        updated(
            "WorkerCount",
            "AWS::ApplicationAutoScaling::ScalableTarget",
            never("MaxCapacity", ref("MaximumWorkers"), 5),
        ),
    ),
    "the name of the autoscaling's policy": edited(
        PLATFORM,
        [("PolicyName: processor", "PolicyName: cpu")],
        replaced(
            "WorkerScaling",
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            always("PolicyName", "processor", "cpu"),
        ),
    ),
    # ---------- Rules of EventBridge
    "a rule's name": edited(
        PLATFORM,
        [
            (
                "      Description: Tasks of this cluster that change their state.\n",
                (
                    "      Name: task-events\n"
                    "      Description: Tasks of this cluster that change their state.\n"
                ),
            )
        ],
        replaced(
            "TaskEventsRule", "AWS::Events::Rule", always("Name", ABSENT, "task-events")
        ),
        updated(
            "TaskEventsPolicy",
            "AWS::SQS::QueuePolicy",
            by_reference(
                NEVER,
                "PolicyDocument.Statement.0.Condition.ArnEquals.aws:SourceArn",
                "TaskEventsRule.Arn",
            ),
        ),
        updated(
            "DeadLettersPolicy",
            "AWS::SQS::QueuePolicy",
            by_reference(
                NEVER,
                "PolicyDocument.Statement.0.Condition.ArnEquals.aws:SourceArn",
                "TaskEventsRule.Arn",
            ),
        ),
    ),
    "a rule's pattern": edited(
        PLATFORM,
        [
            (
                "eventName: [SERVICE_TASK_START_IMPAIRED, SERVICE_DEPLOYMENT_FAILED]",
                "eventName: [SERVICE_TASK_START_IMPAIRED, SERVICE_DEPLOYMENT_FAILED, SERVICE_TASK_PLACEMENT_FAILURE]",
            )
        ],
        updated(
            "WorkerTroubleRule",
            "AWS::Events::Rule",
            never(
                "EventPattern.detail.eventName.2",
                ABSENT,
                "SERVICE_TASK_PLACEMENT_FAILURE",
            ),
        ),
    ),
    # Get and update a template: as of the alarm's. What depends on it is updated.
    "a rule's logical name": edited(
        PLATFORM,
        [
            ("  TaskEventsRule:\n", "  EventsOfTasks:\n"),
            (
                (
                    "Resource: !GetAtt TaskEvents.Arn\n"
                    "            Condition:\n"
                    "              ArnEquals:\n"
                    "                aws:SourceArn: !GetAtt TaskEventsRule.Arn"
                ),
                (
                    "Resource: !GetAtt TaskEvents.Arn\n"
                    "            Condition:\n"
                    "              ArnEquals:\n"
                    "                aws:SourceArn: !GetAtt EventsOfTasks.Arn"
                ),
            ),
            (
                (
                    "Resource: !GetAtt DeadLetters.Arn\n"
                    "            Condition:\n"
                    "              ArnEquals:\n"
                    "                aws:SourceArn: !GetAtt TaskEventsRule.Arn"
                ),
                (
                    "Resource: !GetAtt DeadLetters.Arn\n"
                    "            Condition:\n"
                    "              ArnEquals:\n"
                    "                aws:SourceArn: !GetAtt EventsOfTasks.Arn"
                ),
            ),
        ],
        created("EventsOfTasks", "AWS::Events::Rule"),
        deleted("TaskEventsRule", "AWS::Events::Rule"),
        updated(
            "TaskEventsPolicy",
            "AWS::SQS::QueuePolicy",
            never(
                "PolicyDocument.Statement.0.Condition.ArnEquals.aws:SourceArn",
                attribute("TaskEventsRule.Arn"),
                attribute("EventsOfTasks.Arn"),
            ),
        ),
        updated(
            "DeadLettersPolicy",
            "AWS::SQS::QueuePolicy",
            never(
                "PolicyDocument.Statement.0.Condition.ArnEquals.aws:SourceArn",
                attribute("TaskEventsRule.Arn"),
                attribute("EventsOfTasks.Arn"),
            ),
        ),
    ),
    # ---------- Roles and policies
    "the path of a role that nothing names": edited(
        FOUNDATION,
        [("Path: !Sub /${AWS::StackName}/", "Path: /mails/")],
        replaced(
            "AlarmRole",
            "AWS::IAM::Role",
            always("Path", sub("/${AWS::StackName}/"), "/mails/"),
        ),
    ),
    "the path of the worker's role": edited(
        PLATFORM,
        [
            (
                (
                    "The worker starts, watches and stops the tasks of runs.\n"
                    "      Path: !Sub /${AWS::StackName}/"
                ),
                (
                    "The worker starts, watches and stops the tasks of runs.\n"
                    "      Path: /workers/"
                ),
            )
        ],
        replaced(
            "WorkerRole",
            "AWS::IAM::Role",
            always("Path", sub("/${AWS::StackName}/"), "/workers/"),
        ),
        may_be_replaced(
            "WorkerTask",
            "AWS::ECS::TaskDefinition",
            by_reference(ALWAYS, "TaskRoleArn", "WorkerRole.Arn"),
        ),
        *OF_THE_TASK,
    ),
    "a role's own policy": edited(
        FOUNDATION,
        [("PolicyName: tell", "PolicyName: send")],
        updated(
            "AlarmRole",
            "AWS::IAM::Role",
            never("Policies.0.PolicyName", "tell", "send"),
        ),
    ),
    # Get and update a template: AWS updates what refers to the property that has
    # changed. The ARN has not.
    "the policy of a role that a task has": edited(
        PLATFORM,
        [("PolicyName: start-tasks", "PolicyName: start")],
        updated(
            "ExecutionRole",
            "AWS::IAM::Role",
            never("Policies.0.PolicyName", "start-tasks", "start"),
        ),
        unsure="A change set may list WorkerTask and WorkerService: they read the role's ARN.",
    ),
    "a role's managed policies": edited(
        FOUNDATION,
        [
            added(
                "      Description: EventBridge sends mails about the worker and the server.\n",
                '      ManagedPolicyArns: [!Sub "arn:${AWS::Partition}:iam::aws:policy/ReadOnlyAccess"]\n',
            )
        ],
        updated(
            "AlarmRole",
            "AWS::IAM::Role",
            never(
                "ManagedPolicyArns",
                ABSENT,
                [sub("arn:${AWS::Partition}:iam::aws:policy/ReadOnlyAccess")],
            ),
        ),
    ),
    "a role's text": edited(
        DEPLOY,
        [
            (
                "Description: CloudFormation changes the platform's stack.",
                "Description: CloudFormation changes the platform.",
            )
        ],
        updated(
            "StackRole",
            "AWS::IAM::Role",
            never(
                "Description",
                "CloudFormation changes the platform's stack.",
                "CloudFormation changes the platform.",
            ),
        ),
    ),
    "the name of the flows' role": edited(
        PLATFORM,
        [
            (
                "RoleName: !Sub ${AWS::StackName}-flow\n",
                "RoleName: !Sub ${AWS::StackName}-flows\n",
            )
        ],
        replaced(
            "FlowRole",
            "AWS::IAM::Role",
            always(
                "RoleName",
                sub("${AWS::StackName}-flow"),
                sub("${AWS::StackName}-flows"),
            ),
        ),
        updated(
            "FlowPolicy", "AWS::IAM::Policy", by_reference(NEVER, "Roles.0", "FlowRole")
        ),
    ),
    "the tag of the flows' role": edited(
        PLATFORM,
        [("          Value: flow\n", "          Value: flows\n")],
        updated("FlowRole", "AWS::IAM::Role", never("Tags.0.Value", "flow", "flows")),
    ),
    "a source's role that goes": edited(
        PLATFORM,
        [(LAST_ROLE, ""), ("        - !Ref RedshiftExportRole\n", "")],
        deleted("RedshiftExportRole", "AWS::IAM::Role"),
        updated(
            "FlowPolicy",
            "AWS::IAM::Policy",
            never("Roles.5", ref("RedshiftExportRole"), ABSENT),
        ),
    ),
    "a source's role that comes": edited(
        PLATFORM,
        [
            (
                "  FlowPolicy:\n    Type: AWS::IAM::Policy\n",
                ANOTHER_ROLE + "  FlowPolicy:\n    Type: AWS::IAM::Policy\n",
            ),
            added("        - !Ref RedshiftExportRole\n", "        - !Ref ShopRole\n"),
        ],
        created("ShopRole", "AWS::IAM::Role"),
        updated(
            "FlowPolicy", "AWS::IAM::Policy", never("Roles.6", ABSENT, ref("ShopRole"))
        ),
    ),
    # AWS::IAM::Policy: PolicyName has no interruption.
    "the name of the flows' policy": edited(
        PLATFORM,
        [("PolicyName: data", "PolicyName: flows")],
        updated("FlowPolicy", "AWS::IAM::Policy", never("PolicyName", "data", "flows")),
    ),
    # AWS::IAM::ManagedPolicy: Description requires replacement, unlike a role's.
    # Its name is given, so that AWS would refuse.
    "the boundary's text": edited(
        DEPLOY,
        [
            (
                "Description: The most that roles of the platform's stack may do.",
                "Description: The most that the platform's roles may do.",
            )
        ],
        replaced(
            "Boundary",
            "AWS::IAM::ManagedPolicy",
            always(
                "Description",
                "The most that roles of the platform's stack may do.",
                "The most that the platform's roles may do.",
            ),
        ),
        updated(
            "StackRole",
            "AWS::IAM::Role",
            by_reference(
                NEVER,
                "Policies.3.PolicyDocument.Statement.0.Condition.StringEquals.iam:PermissionsBoundary",
                "Boundary",
            ),
        ),
    ),
    "the boundary's rights": edited(
        DEPLOY,
        [("- ec2:DescribeSubnets", "- ec2:DescribeSubnet*")],
        updated(
            "Boundary",
            "AWS::IAM::ManagedPolicy",
            never(
                "PolicyDocument.Statement.0.Action.0",
                "ec2:DescribeSubnets",
                "ec2:DescribeSubnet*",
            ),
        ),
    ),
    # ---------- Deployments from GitHub
    # UpdateReplacePolicy attribute: Retain keeps the old repository.
    "the image repository's name": edited(
        DEPLOY,
        [("RepositoryName: !Ref PlatformStackName", "RepositoryName: images")],
        replaced(
            "Repository",
            "AWS::ECR::Repository",
            always("RepositoryName", ref("PlatformStackName"), "images"),
            old_stays=KEPT,
        ),
        *OF_THE_REPOSITORY,
    ),
    "the image repository's tags": edited(
        DEPLOY,
        [("ImageTagMutability: IMMUTABLE", "ImageTagMutability: MUTABLE")],
        updated(
            "Repository",
            "AWS::ECR::Repository",
            never("ImageTagMutability", "IMMUTABLE", "MUTABLE"),
        ),
    ),
    # Its name is given, so that AWS would refuse.
    "the image repository's encryption": edited(
        DEPLOY,
        [
            (
                "ScanOnPush: true\n      EncryptionConfiguration:\n"
                "        EncryptionType: AES256",
                "ScanOnPush: true\n      EncryptionConfiguration:\n"
                "        EncryptionType: KMS",
            )
        ],
        replaced(
            "Repository",
            "AWS::ECR::Repository",
            always("EncryptionConfiguration.EncryptionType", "AES256", "KMS"),
            old_stays=KEPT,
        ),
        *OF_THE_REPOSITORY,
    ),
    "the address of GitHub's provider": edited(
        DEPLOY,
        [
            (
                "Url: https://token.actions.githubusercontent.com",
                "Url: https://token.actions.example.org",
            )
        ],
        replaced(
            "OidcProvider",
            "AWS::IAM::OIDCProvider",
            always(
                "Url",
                "https://token.actions.githubusercontent.com",
                "https://token.actions.example.org",
            ),
        ),
        updated(
            "DeployRole",
            "AWS::IAM::Role",
            by_reference(
                NEVER,
                "AssumeRolePolicyDocument.Statement.0.Principal.Federated",
                "OidcProvider",
            ),
        ),
    ),
    "the audience of GitHub's provider": edited(
        DEPLOY,
        [
            (
                "ClientIdList: [sts.amazonaws.com]",
                "ClientIdList: [sts.amazonaws.com, other]",
            )
        ],
        updated(
            "OidcProvider",
            "AWS::IAM::OIDCProvider",
            never("ClientIdList.1", ABSENT, "other"),
        ),
    ),
    # ---------- A server on ECS
    # UpdateReplacePolicy attribute: Snapshot leaves a snapshot of the old
    # database.
    "the database's identifier": edited(
        SERVER_ON_ECS,
        [added("      Engine: postgres\n", "      DBInstanceIdentifier: prefect\n")],
        replaced(
            "Database",
            "AWS::RDS::DBInstance",
            always("DBInstanceIdentifier", ABSENT, "prefect"),
            old_stays=SNAPSHOT,
        ),
        *OF_THE_DATABASE,
    ),
    "the database's storage": edited(
        SERVER_ON_ECS,
        [("AllocatedStorage: !Sub ${DatabaseStorage}", 'AllocatedStorage: "40"')],
        updated(
            "Database",
            "AWS::RDS::DBInstance",
            never("AllocatedStorage", sub("${DatabaseStorage}"), "40"),
        ),
    ),
    # AWS::RDS::DBInstance: EngineVersion is some interruption, no replacement.
    "the database's version": edited(
        SERVER_ON_ECS,
        [('EngineVersion: "17"', 'EngineVersion: "18"')],
        updated("Database", "AWS::RDS::DBInstance", never("EngineVersion", "17", "18")),
    ),
    "the database's class": edited(
        SERVER_ON_ECS,
        [("DBInstanceClass: !Ref DatabaseClass", "DBInstanceClass: db.t4g.small")],
        updated(
            "Database",
            "AWS::RDS::DBInstance",
            never("DBInstanceClass", ref("DatabaseClass"), "db.t4g.small"),
        ),
    ),
    "the database's protection": edited(
        SERVER_ON_ECS,
        [
            (
                "DeletionProtection: !Ref DatabaseDeletionProtection",
                "DeletionProtection: false",
            )
        ],
        updated(
            "Database",
            "AWS::RDS::DBInstance",
            never("DeletionProtection", ref("DatabaseDeletionProtection"), False),
        ),
    ),
    # AWS::RDS::DBInstance: MultiAZ is some interruption. The schema says
    # conditional.
    "the database's second zone": edited(
        SERVER_ON_ECS,
        [("MultiAZ: !Ref DatabaseMultiAz", "MultiAZ: true")],
        may_be_replaced(
            "Database",
            "AWS::RDS::DBInstance",
            sometimes("MultiAZ", ref("DatabaseMultiAz"), True),
            old_stays=SNAPSHOT,
        ),
        *OF_THE_DATABASE,
        unsure="Its page tells no condition under which it would be replaced.",
    ),
    "the target's port": edited(
        SERVER_ON_ECS,
        [("Protocol: HTTP\n      Port: 4200", "Protocol: HTTP\n      Port: 4201")],
        replaced(
            "Target",
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            always("Port", 4200, 4201),
        ),
        updated(
            "Listener",
            "AWS::ElasticLoadBalancingV2::Listener",
            by_reference(NEVER, "DefaultActions.0.TargetGroupArn", "Target"),
        ),
        updated(
            "Service",
            "AWS::ECS::Service",
            by_reference(NEVER, "LoadBalancers.0.TargetGroupArn", "Target"),
        ),
        updated(
            "NoServer",
            "AWS::CloudWatch::Alarm",
            by_reference(NEVER, "Dimensions.1.Value", "Target.TargetGroupFullName"),
        ),
    ),
    "the target's health check": edited(
        SERVER_ON_ECS,
        [("HealthCheckPath: /api/health", "HealthCheckPath: /api/ready")],
        updated(
            "Target",
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            never("HealthCheckPath", "/api/health", "/api/ready"),
        ),
    ),
    "the load balancer's scheme": edited(
        SERVER_ON_ECS,
        [("      Scheme: !Ref Scheme\n", "      Scheme: internal\n")],
        replaced(
            "Balancer",
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            always("Scheme", ref("Scheme"), "internal"),
        ),
        may_be_replaced(
            "Listener",
            "AWS::ElasticLoadBalancingV2::Listener",
            by_reference(ALWAYS, "LoadBalancerArn", "Balancer"),
        ),
        updated(
            "NoServer",
            "AWS::CloudWatch::Alarm",
            by_reference(NEVER, "Dimensions.0.Value", "Balancer.LoadBalancerFullName"),
        ),
    ),
    "the encryption of the server's files": edited(
        SERVER_ON_ECS,
        [
            (
                "      Encrypted: true\n      # Leases",
                "      Encrypted: false\n      # Leases",
            )
        ],
        replaced("Files", "AWS::EFS::FileSystem", always("Encrypted", True, False)),
        may_be_replaced(
            "FilesInA",
            "AWS::EFS::MountTarget",
            by_reference(ALWAYS, "FileSystemId", "Files"),
        ),
        may_be_replaced(
            "FilesInB",
            "AWS::EFS::MountTarget",
            by_reference(ALWAYS, "FileSystemId", "Files"),
        ),
        may_be_replaced(
            "ServerFiles",
            "AWS::EFS::AccessPoint",
            by_reference(ALWAYS, "FileSystemId", "Files"),
        ),
        may_be_replaced(
            "ServerTask",
            "AWS::ECS::TaskDefinition",
            by_reference(
                ALWAYS, "Volumes.2.EFSVolumeConfiguration.FilesystemId", "Files"
            ),
            by_reference(
                ALWAYS,
                "Volumes.2.EFSVolumeConfiguration.AuthorizationConfig.AccessPointId",
                "ServerFiles",
            ),
        ),
        updated(
            "Service",
            "AWS::ECS::Service",
            by_reference(NEVER, "TaskDefinition", "ServerTask"),
        ),
        may_be_replaced(
            "RestoreTask",
            "AWS::ECS::TaskDefinition",
            by_reference(
                ALWAYS, "Volumes.1.EFSVolumeConfiguration.FilesystemId", "Files"
            ),
            by_reference(
                ALWAYS,
                "Volumes.1.EFSVolumeConfiguration.AuthorizationConfig.AccessPointId",
                "ServerFiles",
            ),
        ),
    ),
    # ---------- A server on EC2
    # Conditions, as above. No DeletionPolicy keeps this address.
    "the server's address that goes": edited(
        SERVER_ON_EC2,
        [
            (
                'HasOwnAddress: !Equals [!Ref IsNat, "false"]',
                'HasOwnAddress: !Equals [!Ref IsNat, "no"]',
            )
        ],
        deleted("Address", "AWS::EC2::EIP"),
        replaced(
            "InterfaceAddress",
            "AWS::EC2::EIPAssociation",
            always(
                "AllocationId",
                attribute("Address.AllocationId"),
                {
                    "Fn::ImportValue": sub(
                        "${PlatformStackName}-foundation-OutboundAllocationId"
                    )
                },
            ),
        ),
    ),
    "the server's private address": edited(
        SERVER_ON_EC2,
        [("PrivateIpAddress: !Ref PrivateIpAddress", "PrivateIpAddress: 10.20.0.11")],
        replaced(
            "Interface",
            "AWS::EC2::NetworkInterface",
            always("PrivateIpAddress", ref("PrivateIpAddress"), "10.20.0.11"),
        ),
        may_be_replaced(
            "InterfaceAddress",
            "AWS::EC2::EIPAssociation",
            by_reference(ALWAYS, "NetworkInterfaceId", "Interface"),
        ),
        may_be_replaced(
            "ServerMachine",
            "AWS::EC2::Instance",
            by_reference(ALWAYS, "NetworkInterfaces.0.NetworkInterfaceId", "Interface"),
        ),
        *OF_THE_MACHINE,
    ),
    # AWS::EC2::Instance, InstanceType: with a root disk on EBS it depends on the two
    # types whether the machine is replaced.
    "the machine's type": edited(
        SERVER_ON_EC2,
        [
            (
                "      InstanceType: !Ref InstanceType\n",
                "      InstanceType: t4g.medium\n",
            )
        ],
        may_be_replaced(
            "ServerMachine",
            "AWS::EC2::Instance",
            sometimes("InstanceType", ref("InstanceType"), "t4g.medium"),
        ),
        *OF_THE_MACHINE,
    ),
    "the check of the interface's packets, whose branches change places": edited(
        SERVER_ON_EC2,
        [
            (
                "SourceDestCheck: !If [IsTheNat, false, true]",
                "SourceDestCheck: !If [IsTheNat, true, false]",
            )
        ],
        updated(
            "Interface",
            "AWS::EC2::NetworkInterface",
            never("SourceDestCheck", True, False),
        ),
    ),
    "the disk's size": edited(
        SERVER_ON_EC2,
        [("Size: !Ref DataVolumeGb", "Size: 16")],
        updated("Data", "AWS::EC2::Volume", never("Size", ref("DataVolumeGb"), 16)),
    ),
    "the path of the machine's profile": edited(
        SERVER_ON_EC2,
        [
            (
                (
                    "    Type: AWS::IAM::InstanceProfile\n"
                    "    Properties:\n"
                    "      Path: !Sub /${PlatformStackName}-server/"
                ),
                (
                    "    Type: AWS::IAM::InstanceProfile\n"
                    "    Properties:\n"
                    "      Path: /machines/"
                ),
            )
        ],
        replaced(
            "MachineProfile",
            "AWS::IAM::InstanceProfile",
            always("Path", sub("/${PlatformStackName}-server/"), "/machines/"),
        ),
        updated(
            "ServerMachine",
            "AWS::EC2::Instance",
            by_reference(NEVER, "IamInstanceProfile", "MachineProfile"),
        ),
    ),
}
