"""The platform's network and its one outbound address: the template, read as data.

That the machine which is the NAT really forwards packets was not tried.
"""

from __future__ import annotations

import re
import subprocess

from tests.infrastructure.templates import TEMPLATES, of_type, properties, read

PLATFORM = TEMPLATES["data-platform"]
RESOURCES = read(PLATFORM)["Resources"]
PARAMETERS = read(PLATFORM)["Parameters"]


def test_the_subnets_are_in_two_zones_and_give_no_public_addresses():
    subnets = of_type(PLATFORM, "AWS::EC2::Subnet")
    assert len(subnets) == 4
    zones = {name: each["AvailabilityZone"]["Select"] for name, each in subnets.items()}
    for name, (number, zone) in zones.items():
        assert zone == {"GetAZs": ""}
        assert number == "AB".index(name[-1])
    assert all(each["MapPublicIpOnLaunch"] is False for each in subnets.values())
    ranges = [each["CidrBlock"]["Select"][0] for each in subnets.values()]
    assert sorted(ranges) == [0, 1, 2, 3]


def test_the_private_subnets_have_no_way_but_the_nat():
    for letter in "AB":
        association = properties(PLATFORM, f"PrivateRoutesOf{letter}")
        assert association == {
            "SubnetId": {"Ref": f"PrivateSubnet{letter}"},
            "RouteTableId": {"Ref": "PrivateRoutes"},
        }
    routes = {
        name: each
        for name, each in of_type(PLATFORM, "AWS::EC2::Route").items()
        if each["RouteTableId"] == {"Ref": "PrivateRoutes"}
    }
    assert {name: RESOURCES[name]["Condition"] for name in routes} == {
        "RouteThroughGateway": "NatIsGateway",
        "RouteThroughInstance": "NatIsInstance",
    }
    assert routes["RouteThroughGateway"]["NatGatewayId"] == {"Ref": "NatGateway"}
    through = routes["RouteThroughInstance"]["NetworkInterfaceId"]
    assert through == {"Ref": "NatInterface"}


def test_a_server_of_ones_own_finds_its_place_in_the_network():
    outputs = read(PLATFORM)["Outputs"]
    for kind in ("Public", "Private"):
        subnets = [{"Ref": f"{kind}Subnet{letter}"} for letter in "AB"]
        assert outputs[f"{kind}SubnetIds"]["Value"] == {"Join": [",", subnets]}
    assert outputs["PrivateRouteTableId"]["Value"] == {"Ref": "PrivateRoutes"}


def test_nothing_comes_in_but_from_the_network_to_its_nat():
    groups = of_type(PLATFORM, "AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in groups["TaskSecurityGroup"]
    ingress = groups["NatSecurityGroup"]["SecurityGroupIngress"]
    assert [each["CidrIp"] for each in ingress] == [{"Ref": "VpcCidr"}]
    assert not of_type(PLATFORM, "AWS::EC2::SecurityGroupIngress")
    assert len(groups) == 2


def test_the_address_is_made_unless_it_was_handed_in():
    address = RESOURCES["Address"]
    assert address["Condition"] == "MakesAddress"
    made = {"GetAtt": "Address.AllocationId"}
    either = {"If": ["MakesAddress", made, {"Ref": "ExistingAllocationId"}]}
    assert properties(PLATFORM, "NatGateway")["AllocationId"] == either
    assert properties(PLATFORM, "NatAddress")["AllocationId"] == either
    outputs = read(PLATFORM)["Outputs"]
    assert outputs["OutboundAllocationId"]["Value"] == either
    assert outputs["OutboundIpAddress"]["Value"] == {
        "If": ["MakesAddress", {"Ref": "Address"}, {"Ref": "ExistingIpAddress"}]
    }


def test_the_address_and_its_id_come_together():
    for rule, one, other in (
        ("AnAddressAndItsId", "ExistingAllocationId", "ExistingIpAddress"),
        ("AnIdAndItsAddress", "ExistingIpAddress", "ExistingAllocationId"),
    ):
        found = read(PLATFORM)["Rules"][rule]
        assert found["RuleCondition"] == {"Not": [{"Equals": [{"Ref": one}, ""]}]}
        (assertion,) = found["Assertions"]
        assert assertion["Assert"] == {"Not": [{"Equals": [{"Ref": other}, ""]}]}


def test_a_kind_of_nat_leaves_nothing_of_the_other():
    conditional = {name: each.get("Condition") for name, each in RESOURCES.items()}
    assert PARAMETERS["NatKind"]["AllowedValues"] == ["gateway", "instance", "none"]
    for name, condition in conditional.items():
        if name.startswith("Nat"):
            kind = "NatIsGateway" if "Gateway" in name else "NatIsInstance"
            assert condition == kind, name


def test_the_nat_instance_forwards_and_lets_nobody_in():
    interface = properties(PLATFORM, "NatInterface")
    assert interface["SourceDestCheck"] is False
    assert interface["SubnetId"] == {"Ref": "PublicSubnetA"}
    instance = properties(PLATFORM, "NatInstance")
    assert instance["NetworkInterfaces"] == [
        {"DeviceIndex": "0", "NetworkInterfaceId": {"Ref": "NatInterface"}}
    ]
    assert instance["MetadataOptions"] == {"HttpTokens": "required"}
    assert not {"KeyName", "IamInstanceProfile", "ImageId"} & instance.keys()
    image = properties(PLATFORM, "NatTemplate")["LaunchTemplateData"]["ImageId"]
    assert image.startswith("resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023")
    # AWS's processors have a g after the generation's number
    types = PARAMETERS["NatInstanceType"]["AllowedValues"]
    assert image.endswith("arm64")
    assert all(re.match(r"[a-z]+\dg", each) for each in types)


def test_the_nat_instances_first_boot_makes_it_a_nat():
    script = properties(PLATFORM, "NatInstance")["UserData"]["Fn::Base64"]["Sub"]
    assert script.startswith("#!/bin/bash\n")
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    (file,) = re.findall("net.ipv4.ip_forward=1 > (.*)", script)
    assert f"sysctl -p {file}\n" in script
    # dnf needs the memory
    assert script.index("\nswapon /swapfile\n") < script.index("dnf ")
    assert "echo /swapfile none swap defaults 0 0 >> /etc/fstab" in script
    assert "ip saddr ${VpcCidr} ip daddr != ${VpcCidr} masquerade" in script
    assert "systemctl enable --now nftables" in script


def test_the_nat_instance_recovers_by_itself():
    actions = {
        "NatMachineFailed": ("StatusCheckFailed_System", "recover", 2),
        "NatInstanceFailed": ("StatusCheckFailed_Instance", "reboot", 3),
    }
    for name, (metric, action, minutes) in actions.items():
        alarm = properties(PLATFORM, name)
        assert alarm["MetricName"] == metric
        assert (alarm["Period"], alarm["EvaluationPeriods"]) == (60, minutes)
        done, told = alarm["AlarmActions"]
        automate = f"arn:${{AWS::Partition}}:automate:${{AWS::Region}}:ec2:{action}"
        assert done == {"Sub": automate}
        assert told == {"Ref": "AlarmTopic"}


def test_the_lake_is_reached_past_the_nat():
    endpoint = properties(PLATFORM, "S3Endpoint")
    assert endpoint["VpcEndpointType"] == "Gateway"
    assert endpoint["RouteTableIds"] == [{"Ref": "PrivateRoutes"}]
