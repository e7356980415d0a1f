"""CloudFormation's types of EC2: the network and its addresses."""

from __future__ import annotations

from typing import Any

from tests.cloud.account import backend
from tests.cloud.api import Api
from tests.cloud.stack_types import Made, Properties, Remove, resource_type


def _remove(operation: str, parameter: str) -> Remove:
    return lambda api, made, _: api.call("ec2", operation, **{parameter: made.id})


def create(
    api: Api, operation: str, kind: str, p: Properties, **given: Any
) -> Properties:
    """Create a resource with its own and CloudFormation's tags; return the answer."""
    if tags := api.system_tags + p.get("Tags", []):
        given["TagSpecifications"] = [{"ResourceType": kind, "Tags": tags}]
    return api.call("ec2", operation, **given)


def without(p: Properties, *names: str) -> Properties:
    return {k: v for k, v in p.items() if k not in ("Tags", *names)}


@resource_type("AWS::EC2::VPC", remove=_remove("DeleteVpc", "VpcId"))
def vpc(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    if before is None:
        created = create(api, "CreateVpc", "vpc", p, CidrBlock=p["CidrBlock"])
        made = created["Vpc"]["VpcId"]
        groups = backend("ec2").get_security_group_from_name("default", made)
        before = Made(
            made,
            {
                "VpcId": made,
                "CidrBlock": p["CidrBlock"],
                "DefaultSecurityGroup": groups.id,
            },
        )
    for setting in ("EnableDnsSupport", "EnableDnsHostnames"):
        if setting in p:
            value = {setting: {"Value": p[setting]}}
            api.call("ec2", "ModifyVpcAttribute", VpcId=before.id, **value)
    return before


@resource_type(
    "AWS::EC2::Subnet", remove=_remove("DeleteSubnet", "SubnetId"), changes=False
)
def subnet(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    given = without(p, "MapPublicIpOnLaunch")
    created = create(api, "CreateSubnet", "subnet", p, **given)
    made = created["Subnet"]["SubnetId"]
    public = {"Value": p.get("MapPublicIpOnLaunch", False)}
    api.call("ec2", "ModifySubnetAttribute", SubnetId=made, MapPublicIpOnLaunch=public)
    zone = created["Subnet"]["AvailabilityZone"]
    return Made(made, {"SubnetId": made, "VpcId": p["VpcId"], "AvailabilityZone": zone})


@resource_type(
    "AWS::EC2::InternetGateway",
    remove=_remove("DeleteInternetGateway", "InternetGatewayId"),
    changes=False,
)
def internet_gateway(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    created = create(api, "CreateInternetGateway", "internet-gateway", p)
    made = created["InternetGateway"]["InternetGatewayId"]
    return Made(made, {"InternetGatewayId": made})


def _detach_gateway(api: Api, made: Made, p: Properties) -> None:
    api.call("ec2", "DetachInternetGateway", **without(p))


@resource_type("AWS::EC2::VPCGatewayAttachment", remove=_detach_gateway, changes=False)
def gateway_attachment(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    api.call("ec2", "AttachInternetGateway", **p)
    return Made(f"IGW|{p['VpcId']}")


@resource_type(
    "AWS::EC2::RouteTable",
    remove=_remove("DeleteRouteTable", "RouteTableId"),
    changes=False,
)
def route_table(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    created = create(api, "CreateRouteTable", "route-table", p, VpcId=p["VpcId"])
    made = created["RouteTable"]["RouteTableId"]
    return Made(made, {"RouteTableId": made})


def _remove_route(api: Api, made: Made, p: Properties) -> None:
    destination = p["DestinationCidrBlock"]
    table = p["RouteTableId"]
    given = {"RouteTableId": table, "DestinationCidrBlock": destination}
    api.call("ec2", "DeleteRoute", **given)


@resource_type("AWS::EC2::Route", remove=_remove_route)
def route(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    api.call("ec2", "ReplaceRoute" if before else "CreateRoute", **p)
    return Made(f"{p['RouteTableId']}|{p['DestinationCidrBlock']}")


@resource_type(
    "AWS::EC2::SubnetRouteTableAssociation",
    remove=_remove("DisassociateRouteTable", "AssociationId"),
    changes=False,
)
def route_association(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    made = api.call("ec2", "AssociateRouteTable", **p)["AssociationId"]
    return Made(made, {"Id": made})


@resource_type(
    "AWS::EC2::EIP", remove=lambda api, made, _: _release(api, made), changes=False
)
def elastic_ip(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    made = create(api, "AllocateAddress", "elastic-ip", p, Domain="vpc")
    attributes = {k: made[k] for k in ("AllocationId", "PublicIp")}
    if "InstanceId" in p:
        given = {"AllocationId": made["AllocationId"], "InstanceId": p["InstanceId"]}
        api.call("ec2", "AssociateAddress", **given)
    return Made(made["PublicIp"], attributes)


def _release(api: Api, made: Made) -> None:
    api.call("ec2", "ReleaseAddress", AllocationId=made.attributes["AllocationId"])


def _disassociate(api: Api, key: str, value: str | None) -> None:
    """Disassociate the address that has this association, or is at this interface."""
    for address in api.call("ec2", "DescribeAddresses")["Addresses"]:
        if value and address.get(key) == value:
            given = {"AssociationId": address["AssociationId"]}
            api.call("ec2", "DisassociateAddress", **given)


@resource_type(
    "AWS::EC2::EIPAssociation",
    remove=lambda api, made, _: _disassociate(api, "AssociationId", made.id),
    changes=False,
)
def elastic_ip_association(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    """Associate an address. One that its interface had loses it, as on AWS."""
    _disassociate(api, "NetworkInterfaceId", p.get("NetworkInterfaceId"))
    given = {"AllowReassociation": True} | p
    made = api.call("ec2", "AssociateAddress", **given)["AssociationId"]
    return Made(made, {"Id": made})


@resource_type(
    "AWS::EC2::NatGateway",
    remove=_remove("DeleteNatGateway", "NatGatewayId"),
    changes=False,
)
def nat_gateway(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    created = create(api, "CreateNatGateway", "natgateway", p, **without(p))
    made = created["NatGateway"]["NatGatewayId"]
    return Made(made, {"NatGatewayId": made})


def _remove_endpoint(api: Api, made: Made, p: Properties) -> None:
    api.call("ec2", "DeleteVpcEndpoints", VpcEndpointIds=[made.id])


@resource_type("AWS::EC2::VPCEndpoint", remove=_remove_endpoint, changes=False)
def vpc_endpoint(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    """Make an endpoint without its policy, which moto would not apply."""
    given = without(p, "PolicyDocument")
    created = create(api, "CreateVpcEndpoint", "vpc-endpoint", p, **given)
    created = created["VpcEndpoint"]
    return Made(created["VpcEndpointId"], {"Id": created["VpcEndpointId"]})


@resource_type(
    "AWS::EC2::SecurityGroup",
    remove=_remove("DeleteSecurityGroup", "GroupId"),
    changes=False,
)
def security_group(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    made = create(
        api,
        "CreateSecurityGroup",
        "security-group",
        p,
        GroupName=p.get("GroupName", name),
        Description=p["GroupDescription"],
        VpcId=p.get("VpcId"),
    )["GroupId"]
    for given in p.get("SecurityGroupIngress", []):
        _authorize(api, "AuthorizeSecurityGroupIngress", made, given)
    if "SecurityGroupEgress" in p:
        # a new group allows all outbound traffic, unless the template has rules for it
        everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        revoked = {"GroupId": made, "IpPermissions": everything}
        api.call("ec2", "RevokeSecurityGroupEgress", **revoked)
    for given in p.get("SecurityGroupEgress", []):
        _authorize(api, "AuthorizeSecurityGroupEgress", made, given)
    return Made(made, {"GroupId": made, "VpcId": p.get("VpcId")})


@resource_type("AWS::EC2::SecurityGroupIngress", changes=False)
def ingress(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    given = without(p, "GroupId")
    _authorize(api, "AuthorizeSecurityGroupIngress", p["GroupId"], given)
    return Made(name)


@resource_type("AWS::EC2::SecurityGroupEgress", changes=False)
def egress(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    given = without(p, "GroupId")
    _authorize(api, "AuthorizeSecurityGroupEgress", p["GroupId"], given)
    return Made(name)


def _authorize(api: Api, operation: str, group: str, rule: Properties) -> None:
    permission: dict[str, Any] = {
        key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in rule
    }
    described = {"Description": rule["Description"]} if "Description" in rule else {}
    for key, member, peers in (
        ("CidrIp", "CidrIp", "IpRanges"),
        ("CidrIpv6", "CidrIpv6", "Ipv6Ranges"),
        ("SourceSecurityGroupId", "GroupId", "UserIdGroupPairs"),
        ("DestinationSecurityGroupId", "GroupId", "UserIdGroupPairs"),
        ("DestinationPrefixListId", "PrefixListId", "PrefixListIds"),
    ):
        if key in rule:
            permission[peers] = [{member: rule[key]} | described]
    api.call("ec2", operation, GroupId=group, IpPermissions=[permission])
