"""Resources that the parameters of EC2 calls name."""

from __future__ import annotations

from typing import Any

from tests.cloud.account import arn, backend

# Parameters that name a resource, and the resource's type.
EC2_RESOURCES = {
    "AllocationId": "elastic-ip",
    "GroupId": "security-group",
    "InstanceId": "instance",
    "InstanceIds": "instance",
    "InternetGatewayId": "internet-gateway",
    "NatGatewayId": "natgateway",
    "NetworkInterfaceId": "network-interface",
    "RouteTableId": "route-table",
    "SubnetId": "subnet",
    "VpcEndpointId": "vpc-endpoint",
    "VpcEndpointIds": "vpc-endpoint",
    "VpcId": "vpc",
}


def ec2_resources(action: str, p: dict[str, Any]) -> list[str]:
    """Return the ARNs of named resources. Calls that describe or create name none."""
    if action.startswith("Describe"):
        return []
    if action == "DisassociateRouteTable":
        tables = backend("ec2").route_tables.values()
        named = p["AssociationId"]
        found = [table.id for table in tables if named in table.all_associations_ids]
        return [arn("ec2", f"route-table/{table_id}") for table_id in found]
    # the only operation that nests its instances
    p = p | (p.get("InstanceCreditSpecifications") or [{}])[0]
    return [
        arn("ec2", f"{kind}/{each}")
        for name, kind in EC2_RESOURCES.items()
        for each in (p[name] if isinstance(p.get(name), list) else [p.get(name)])
        if each
    ]
