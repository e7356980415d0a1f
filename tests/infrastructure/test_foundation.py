"""The foundation: network, outbound address, alarms' topic, budget; the template as data.

That the machine which is the NAT really forwards packets was not tried.
"""

from __future__ import annotations

import json
import re
import subprocess

from tests.infrastructure.templates import TEMPLATES, of_type, properties, read, rights

FOUNDATION = TEMPLATES["data-platform-foundation"]
RESOURCES = read(FOUNDATION)["Resources"]
PARAMETERS = read(FOUNDATION)["Parameters"]
LAUNCHED = properties(FOUNDATION, "NatTemplate")["LaunchTemplateData"]
NEEDS_A_NETWORK = ("MakesNetwork", "MakesAddress", "NatIsGateway", "NatIsInstance")
# Rules of the template demand these two with an existing network.
NEVER_EMPTY = {
    ("VpcId", "ExistingVpcId"),
    ("PrivateSubnetIds", "ExistingPrivateSubnetIds"),
}


def test_the_subnets_are_in_the_two_zones_named_and_give_no_public_addresses():
    """Zones from !GetAZs would move, and no later update could follow them."""
    subnets = of_type(FOUNDATION, "AWS::EC2::Subnet")
    assert len(subnets) == 4
    for name, each in subnets.items():
        assert each["AvailabilityZone"] == {"Ref": f"Zone{name[-1]}"}
    assert "GetAZs" not in str(read(FOUNDATION))
    assert all(each["MapPublicIpOnLaunch"] is False for each in subnets.values())
    ranges = [each["CidrBlock"]["Select"][0] for each in subnets.values()]
    assert sorted(ranges) == [0, 1, 2, 3]


def test_an_existing_network_leaves_nothing_of_a_new_one():
    """Of a network there is then the security group alone."""
    conditions = read(FOUNDATION)["Conditions"]
    for name in ("MakesAddress", "NatIsGateway", "NatIsInstance"):
        assert {"Condition": "MakesNetwork"} in conditions[name]["And"]
    without = {
        name
        for name, each in RESOURCES.items()
        if each["Type"].startswith("AWS::EC2::")
        and each.get("Condition") not in NEEDS_A_NETWORK
    }
    assert without == {"TaskSecurityGroup"}
    made = {"If": ["MakesNetwork", {"Ref": "Vpc"}, {"Ref": "ExistingVpcId"}]}
    assert properties(FOUNDATION, "TaskSecurityGroup")["VpcId"] == made
    assert read(FOUNDATION)["Outputs"]["VpcId"]["Value"] == made


def test_no_export_is_empty():
    """CloudFormation refuses an export without a value."""
    parameters = {
        name for name, each in PARAMETERS.items() if each.get("Default") == ""
    }
    for name, output in read(FOUNDATION)["Outputs"].items():
        value = str(output["Value"])
        for parameter in parameters:
            if f"{{'Ref': '{parameter}'}}" in value:
                assert (name, parameter) in NEVER_EMPTY or any(
                    word in value for word in ("'none'", "'unknown'")
                ), (name, parameter)


def test_the_private_subnets_have_no_way_but_the_nat():
    for letter in "AB":
        association = properties(FOUNDATION, f"PrivateRoutesOf{letter}")
        assert association == {
            "SubnetId": {"Ref": f"PrivateSubnet{letter}"},
            "RouteTableId": {"Ref": "PrivateRoutes"},
        }
    routes = {
        name: each
        for name, each in of_type(FOUNDATION, "AWS::EC2::Route").items()
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
    outputs = read(FOUNDATION)["Outputs"]
    for kind in ("Public", "Private"):
        subnets = [{"Ref": f"{kind}Subnet{letter}"} for letter in "AB"]
        made = outputs[f"{kind}SubnetIds"]["Value"]["If"][1]
        assert made == {"Join": [",", subnets]}
    made = outputs["PrivateRouteTableId"]["Value"]["If"][1]
    assert made == {"Ref": "PrivateRoutes"}


def test_nothing_comes_in_but_from_the_network_to_its_nat():
    groups = of_type(FOUNDATION, "AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in groups["TaskSecurityGroup"]
    ingress = groups["NatSecurityGroup"]["SecurityGroupIngress"]
    assert [each["CidrIp"] for each in ingress] == [{"Ref": "VpcCidr"}]
    assert not of_type(FOUNDATION, "AWS::EC2::SecurityGroupIngress")
    assert len(groups) == 2


def test_the_address_is_made_unless_it_was_handed_in():
    address = RESOURCES["Address"]
    assert address["Condition"] == "MakesAddress"
    made = {"GetAtt": "Address.AllocationId"}
    either = {"If": ["MakesAddress", made, {"Ref": "ExistingAllocationId"}]}
    assert properties(FOUNDATION, "NatGateway")["AllocationId"] == either
    assert properties(FOUNDATION, "NatAddress")["AllocationId"] == either
    outputs = read(FOUNDATION)["Outputs"]
    _, own, other = outputs["OutboundAllocationId"]["Value"]["If"]
    assert (own, other["If"][1]) == (made, {"Ref": "ExistingAllocationId"})
    _, own, other = outputs["OutboundIpAddress"]["Value"]["If"]
    assert (own, other["If"][1]) == ({"Ref": "Address"}, {"Ref": "ExistingIpAddress"})


def test_a_kind_of_nat_leaves_nothing_of_the_other():
    conditional = {name: each.get("Condition") for name, each in RESOURCES.items()}
    assert PARAMETERS["NatKind"]["AllowedValues"] == ["gateway", "instance", "none"]
    for name, condition in conditional.items():
        if name.startswith("Nat"):
            kind = "NatIsGateway" if "Gateway" in name else "NatIsInstance"
            assert condition == kind, name


def test_the_nat_instance_forwards_and_lets_nobody_in():
    interface = properties(FOUNDATION, "NatInterface")
    assert interface["SourceDestCheck"] is False
    assert interface["SubnetId"] == {"Ref": "PublicSubnetA"}
    assert LAUNCHED["NetworkInterfaces"] == [
        {
            "DeviceIndex": 0,
            "NetworkInterfaceId": {"Ref": "NatInterface"},
            "DeleteOnTermination": False,
        }
    ]
    assert LAUNCHED["MetadataOptions"] == {"HttpTokens": "required"}
    assert not {"KeyName", "IamInstanceProfile", "SecurityGroupIds"} & LAUNCHED.keys()
    image = LAUNCHED["ImageId"]
    assert image.startswith("resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023")
    # AWS's processors have a g after the generation's number
    types = PARAMETERS["NatInstanceType"]["AllowedValues"]
    assert image.endswith("arm64")
    assert all(re.match(r"[a-z]+\dg", each) for each in types)


def test_the_nat_instances_first_boot_makes_it_a_nat():
    script = LAUNCHED["UserData"]["Fn::Base64"]["Sub"]
    assert script.startswith("#!/bin/bash\n")
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    (file,) = re.findall("net.ipv4.ip_forward=1 > (.*)", script)
    assert f"sysctl -p {file}\n" in script
    # dnf needs the memory
    assert script.index("\nswapon /swapfile\n") < script.index("dnf ")
    assert "echo /swapfile none swap defaults 0 0 >> /etc/fstab" in script
    assert "ip saddr ${VpcCidr} ip daddr != ${VpcCidr} masquerade" in script
    assert "systemctl enable --now nftables" in script


def test_cloudformation_waits_until_the_nat_instance_forwards():
    group = RESOURCES["NatGroup"]
    assert group["CreationPolicy"]["ResourceSignal"]["Count"] == 1
    rolling = group["UpdatePolicy"]["AutoScalingRollingUpdate"]
    assert rolling["WaitOnResourceSignals"] is True
    script = LAUNCHED["UserData"]["Fn::Base64"]["Sub"]
    assert '--stack "${AWS::StackName}" --resource NatGroup' in script
    # told at the script's end, whichever that is
    assert script.index("trap tell EXIT") < script.index("swapfile")


def test_one_nat_instance_at_a_time_has_the_address():
    group = RESOURCES["NatGroup"]
    given = group["Properties"]
    assert (given["MinSize"], given["MaxSize"]) == ("1", "1")
    rolling = group["UpdatePolicy"]["AutoScalingRollingUpdate"]
    assert rolling["MinInstancesInService"] == 0
    # AWS takes no subnets where the interface exists already
    assert "VPCZoneIdentifier" not in given
    subnet = properties(FOUNDATION, "NatInterface")["SubnetId"]["Ref"]
    assert given["AvailabilityZones"] == [{"GetAtt": f"{subnet}.AvailabilityZone"}]
    latest = {"GetAtt": "NatTemplate.LatestVersionNumber"}
    assert given["LaunchTemplate"]["Version"] == latest


def test_a_missing_nat_instance_is_told():
    alarm = properties(FOUNDATION, "NatMissing")
    collected = properties(FOUNDATION, "NatGroup")["MetricsCollection"]
    assert [alarm["MetricName"]] == collected[0]["Metrics"]
    assert alarm["Period"] == 60
    assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]


def test_the_lake_is_reached_past_the_nat():
    endpoint = properties(FOUNDATION, "S3Endpoint")
    assert endpoint["VpcEndpointType"] == "Gateway"
    assert endpoint["RouteTableIds"] == [{"Ref": "PrivateRoutes"}]


def test_every_alarm_goes_to_the_topic_and_says_what_it_means():
    alarms = of_type(FOUNDATION, "AWS::CloudWatch::Alarm")
    assert len(alarms) == 3
    for name, alarm in alarms.items():
        assert {"Ref": "AlarmTopic"} in alarm["AlarmActions"], name
        assert alarm["AlarmDescription"].endswith("."), name


def test_the_topic_takes_messages_of_this_accounts_alarms_and_budgets():
    """EventBridge has a role for it, too, see test_foundation_mails.py."""
    (sent,) = rights(FOUNDATION, "AlarmRole")
    assert sent == ("sns:Publish", "${AlarmTopic}", None)
    (trust,) = properties(FOUNDATION, "AlarmRole")["AssumeRolePolicyDocument"][
        "Statement"
    ]
    assert trust["Principal"] == {"Service": "events.amazonaws.com"}
    policy = properties(FOUNDATION, "AlarmTopicPolicy")["PolicyDocument"]["Statement"]
    (statement,) = policy
    assert statement["Principal"]["Service"] == [
        "budgets.amazonaws.com",
        "cloudwatch.amazonaws.com",
        "events.amazonaws.com",
    ]
    account = {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert statement["Condition"] == {"StringEquals": account}
    assert statement["Action"] == "sns:Publish"
    assert statement["Resource"] == {"Ref": "AlarmTopic"}


def test_mail_is_sent_only_to_an_address():
    mail = RESOURCES["AlarmMail"]
    assert mail["Condition"] == "SendsMail"
    assert mail["Properties"]["Endpoint"] == {"Ref": "AlertEmail"}


def test_the_budget_warns_before_and_ahead():
    budget = properties(FOUNDATION, "Budget")
    assert RESOURCES["Budget"]["DependsOn"] == "AlarmTopicPolicy"
    # budgets know no region
    name = "${AWS::StackName}-monthly-${AWS::Region}"
    assert budget["Budget"]["BudgetName"] == {"Sub": name}
    assert budget["Budget"]["BudgetLimit"]["Amount"] == {"Ref": "MonthlyBudgetUsd"}
    notified = {
        each["Notification"]["NotificationType"]: each["Notification"]["Threshold"]
        for each in budget["NotificationsWithSubscribers"]
    }
    assert notified == {"ACTUAL": 80, "FORECASTED": 100}
    assert json.dumps(budget).count('"Address": {"Ref": "AlarmTopic"}') == 2
