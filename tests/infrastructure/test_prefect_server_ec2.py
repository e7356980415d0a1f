"""The machine of Prefect's server: what the fake AWS drops is looked for in the template."""

from __future__ import annotations

import re
import subprocess
from typing import Any

from tests.infrastructure.templates import (
    INFRASTRUCTURE,
    SERVERS,
    TEMPLATES,
    imported,
    of_type,
    properties,
    read,
    rights,
    statements,
)

SERVER, PLATFORM = SERVERS["ec2"], TEMPLATES["data-platform"]
FOUNDATION = TEMPLATES["data-platform-foundation"]
TEMPLATE = read(SERVER)
RESOURCES, PARAMETERS = TEMPLATE["Resources"], TEMPLATE["Parameters"]
TASKS = imported("TaskSecurityGroupId")
MACHINE = INFRASTRUCTURE / "control_plane/machine"


def imports(value: Any) -> set[str]:
    """Return what a template takes from the foundation's and the platform's stack."""
    named = r"'Fn::ImportValue': {'Sub': '\${PlatformStackName}-(?:foundation-)?(\w+)'}"
    return set(re.findall(named, str(value)))


def test_what_it_takes_from_the_other_stacks_is_there():
    assert len(imports(TEMPLATE)) >= 10
    text = SERVER.read_text()
    for stack, path in (("", PLATFORM), ("foundation-", FOUNDATION)):
        taken = re.findall(rf"ImportValue: !Sub \S+Name}}-{stack}(\w+)$", text, re.M)
        outputs = read(path)["Outputs"]
        assert len(taken) >= 4
        assert not any("Condition" in outputs[name] for name in taken)


def test_only_the_platform_s_tasks_reach_the_machine():
    group = properties(SERVER, "ServerSecurityGroup")
    assert "SecurityGroupIngress" not in group
    ingress = of_type(SERVER, "AWS::EC2::SecurityGroupIngress")
    assert {name: each["SourceSecurityGroupId"] for name, each in ingress.items()} == {
        "ApiIngress": TASKS,
        "NatIngress": TASKS,
    }
    api = ingress["ApiIngress"]
    assert (api["IpProtocol"], api["FromPort"], api["ToPort"]) == ("tcp", 4200, 4200)
    assert RESOURCES["NatIngress"]["Condition"] == "IsTheNat"
    assert properties(SERVER, "Interface")["GroupSet"] == [
        {"GetAtt": "ServerSecurityGroup.GroupId"}
    ]


def test_the_machine_gives_its_keys_to_nothing_but_itself():
    data = properties(SERVER, "MachineTemplate")["LaunchTemplateData"]
    assert data["MetadataOptions"] == {
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
    }
    machine = properties(SERVER, "ServerMachine")
    assert not {"KeyName", "ImageId", "MetadataOptions"} & machine.keys()
    assert machine["LaunchTemplate"] == {
        "LaunchTemplateId": {"Ref": "MachineTemplate"},
        "Version": {"GetAtt": "MachineTemplate.LatestVersionNumber"},
    }


def test_the_machine_s_image_is_for_its_processor():
    image, names = properties(SERVER, "MachineTemplate")["LaunchTemplateData"][
        "ImageId"
    ]["Sub"]
    assert image.startswith(
        "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-"
    )
    assert names["Processor"]["FindInMap"] == [
        "Processors",
        {"Ref": "InstanceType"},
        "Name",
    ]
    processors = TEMPLATE["Mappings"]["Processors"]
    assert list(processors) == PARAMETERS["InstanceType"]["AllowedValues"]
    for kind, processor in processors.items():
        # AWS's processors have a g after the generation's number
        is_arm = bool(re.match(r"[a-z]+\dg", kind))
        assert processor == {"Name": "arm64" if is_arm else "x86_64"}


def test_disks_are_encrypted_and_that_of_the_data_outlives_the_machine():
    (root,) = properties(SERVER, "ServerMachine")["BlockDeviceMappings"]
    assert root["DeviceName"] == "/dev/xvda"
    assert (
        root["Ebs"]["Encrypted"] is True and root["Ebs"]["DeleteOnTermination"] is True
    )
    data = properties(SERVER, "Data")
    assert data["Encrypted"] is True
    assert properties(SERVER, "ServerMachine")["Volumes"] == [
        {"Device": "/dev/sdf", "VolumeId": {"Ref": "Data"}}
    ]
    assert imports(data["AvailabilityZone"]) == {"ZoneA"}
    subnets = properties(SERVER, "Interface")["SubnetId"]["Select"]
    assert subnets[0] == 0
    assert imports(subnets) == {"PublicSubnetIds"}


def test_only_the_machine_goes_away_when_it_is_absent():
    """The interface with its addresses and route stays, as does the disk."""
    gone = {
        name for name, each in RESOURCES.items() if each.get("Condition") == "IsPresent"
    }
    assert gone == {"ServerMachine", "MachineFailed", "SystemFailed"}
    assert TEMPLATE["Outputs"]["InstanceId"]["Condition"] == "IsPresent"


def test_the_nat_has_the_platform_s_address_and_route():
    interface = properties(SERVER, "Interface")
    assert interface["SourceDestCheck"] == {"If": ["IsTheNat", False, True]}
    own, outbound = properties(SERVER, "InterfaceAddress")["AllocationId"]["If"][1:]
    assert own == {"GetAtt": "Address.AllocationId"}
    assert imports(outbound) == {"OutboundAllocationId"}
    assert RESOURCES["Address"]["Condition"] == "HasOwnAddress"
    route = RESOURCES["PrivateDefaultRoute"]
    assert route["Condition"] == "IsTheNat"
    assert route["Properties"]["NetworkInterfaceId"] == {"Ref": "Interface"}
    assert imports(route) == {"PrivateRouteTableId"}
    conditions = TEMPLATE["Conditions"]
    assert conditions["IsTheNat"] == {"Equals": [{"Ref": "IsNat"}, "true"]}
    assert conditions["HasOwnAddress"] == {"Equals": [{"Ref": "IsNat"}, "false"]}


def test_the_first_boot_has_what_it_needs():
    needed = {"InterfaceAddress", "Settings"}
    assert set(RESOURCES["ServerMachine"]["DependsOn"]) == needed


def test_the_user_data_only_fetches_what_is_in_the_image():
    """No parameter is in it: a change would restart the machine, and not run it."""
    script = properties(SERVER, "ServerMachine")["UserData"]["Fn::Base64"]["Sub"]
    assert len(script) < 4000
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert set(re.findall(r"\${(.*?)}", script)) == {"AWS::Region", "AWS::StackName"}
    copied = script.partition("<<'SCRIPT'\n")[2].partition("SCRIPT\n")[0]
    assert copied == (MACHINE / "fetch.sh").read_text()


def test_the_machine_reads_all_it_needs_from_its_settings():
    settings = properties(SERVER, "Settings")
    text, others = settings["Value"]["Sub"]
    lines = [line.split("=", 1) for line in text.splitlines()]
    assert all(re.fullmatch(r"'[^']*'", value) for _, value in lines)
    given = {name for name, _ in lines} | {"AWS_DEFAULT_REGION", "SETTINGS"}
    made = {"COMPOSE_PROFILES", "POSTGRES_PASSWORD", "PREFECT_API_AUTH_STRING"}
    made |= {"LEASE_STORAGE", "OWNER", "CLONE"}
    for script in MACHINE.glob("*.sh"):
        # names of the settings are in capitals
        used = set(re.findall(r"\$\{?([A-Z][A-Z_]+)", script.read_text()))
        assert used <= given | {"HOME"}, script.name
    for file in ("compose.yaml", "compose.machine.yaml"):
        used = set(re.findall(r"\$\{(\w+)", (INFRASTRUCTURE / file).read_text()))
        assert used <= given | made, file
    # no value can end its apostrophes
    for name in set(re.findall(r"\${(\w+)}", text)) - others.keys() - {"Data", "Dumps"}:
        parameter = PARAMETERS[name]
        pattern = parameter.get("AllowedPattern", "'")
        assert "AllowedValues" in parameter or not re.fullmatch(pattern, "'"), name
        assert "'" not in pattern or "AllowedValues" in parameter, name


def test_the_machine_may_become_the_worker_and_nothing_else():
    worker = RESOURCES["WorkerPolicy"]
    assert worker["Condition"] == "IsTheWorker"
    assumed, logs = worker["Properties"]["PolicyDocument"]["Statement"]
    assert assumed["Action"] == "sts:AssumeRole"
    assert imports(assumed["Resource"]) == {"WorkerRoleArn"}
    group = read(PLATFORM)["Resources"]["WorkerLogs"]["Properties"]["LogGroupName"][
        "Sub"
    ]
    assert group == "/${AWS::StackName}/worker"
    assert logs["Resource"]["Sub"].endswith(":log-group:/${PlatformStackName}/worker:*")
    # the platform trusts this role
    trust = read(PLATFORM)["Resources"]["WorkerRole"]["Properties"][
        "AssumeRolePolicyDocument"
    ]
    trusted = trust["Statement"][1]["Condition"]["ArnEquals"]["aws:PrincipalArn"]["Sub"]
    role = properties(SERVER, "MachineRole")
    name = role["Path"]["Sub"] + role["RoleName"]["Sub"]
    name = name.replace("PlatformStackName", "AWS::StackName")
    assert trusted.endswith(f":role{name}")


def test_the_machine_can_neither_change_nor_delete_a_backup():
    of_bucket = {
        a for a, resource, _ in rights(SERVER, "MachineRole") if "Dumps" in resource
    }
    assert of_bucket == {"s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"}
    bucket = properties(SERVER, "Dumps")
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}


def test_backups_are_private_encrypted_and_forgotten_in_time():
    bucket = properties(SERVER, "Dumps")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert "BucketEncryption" in bucket
    old, interrupted = bucket["LifecycleConfiguration"]["Rules"]
    days = {"Ref": "DumpRetentionDays"}
    assert old["ExpirationInDays"] == days
    assert old["NoncurrentVersionExpiration"] == {"NoncurrentDays": days}
    assert interrupted["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert {each["Status"] for each in (old, interrupted)} == {"Enabled"}
    (denied,) = properties(SERVER, "DumpsPolicy")["PolicyDocument"]["Statement"]
    assert denied["Effect"] == "Deny"
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": False}}


def test_only_ec2_assumes_the_role():
    (trust,) = properties(SERVER, "MachineRole")["AssumeRolePolicyDocument"][
        "Statement"
    ]
    assert trust["Principal"] == {"Service": "ec2.amazonaws.com"}
    assert all(each["Effect"] == "Allow" for each in statements(SERVER, "MachineRole"))


def test_outputs_name_the_server():
    outputs = TEMPLATE["Outputs"]
    assert set(outputs) == {"Kind", "PrefectApiUrl", "InstanceId", "DumpBucketName"}
    assert outputs["Kind"]["Value"] == "ec2"
    url = "http://${PrivateIpAddress}:4200/api"
    assert outputs["PrefectApiUrl"]["Value"] == {"Sub": url}
    # the platform takes such an address without TLS
    taken = read(PLATFORM)["Parameters"]["PrefectApiUrl"]["AllowedPattern"]
    default = PARAMETERS["PrivateIpAddress"]["Default"]
    assert re.fullmatch(taken, f"http://{default}:4200/api")
    assert (
        default.rpartition(".")[0]
        == read(FOUNDATION)["Parameters"]["VpcCidr"]["Default"].rpartition(".")[0]
    )
