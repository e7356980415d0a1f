"""The alarms of the machine of Prefect's server."""

from __future__ import annotations

import pytest

from tests.infrastructure.templates import (
    INFRASTRUCTURE,
    SERVERS,
    imported,
    of_type,
    properties,
)

SERVER = SERVERS["ec2"]
TOPIC = imported("AlarmTopicArn")
MACHINE = INFRASTRUCTURE / "control_plane/machine"


def test_every_alarm_goes_to_the_platform_s_topic_and_says_what_to_do():
    alarms = of_type(SERVER, "AWS::CloudWatch::Alarm")
    assert len(alarms) == 5
    for name, alarm in alarms.items():
        assert alarm["AlarmActions"][-1] == TOPIC, name
        assert alarm["OKActions"] == [TOPIC], name
        assert alarm["AlarmDescription"].endswith("."), name


@pytest.mark.parametrize(
    "name, metric, action, minutes",
    [
        ("MachineFailed", "StatusCheckFailed_System", "recover", 2),
        ("SystemFailed", "StatusCheckFailed_Instance", "reboot", 3),
    ],
)
def test_the_machine_recovers_by_itself(name, metric, action, minutes):
    alarm = properties(SERVER, name)
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/EC2", metric)
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (60, minutes)
    automate = f"arn:${{AWS::Partition}}:automate:${{AWS::Region}}:ec2:{action}"
    assert alarm["AlarmActions"][0] == {"Sub": automate}


@pytest.mark.parametrize(
    "name, metric, missing, seconds",
    [
        ("ServerFailed", "Healthy", "breaching", 15 * 60),
        # a day, and some time for the backup itself
        ("DumpMissing", "Dump", "breaching", 26 * 3600),
        ("DiskNearlyFull", "DiskUsed", "notBreaching", 10 * 60),
    ],
)
def test_alarms_wait_for_what_the_scripts_send(name, metric, missing, seconds):
    alarm = properties(SERVER, name)
    assert alarm["Namespace"] == {"Ref": "AWS::StackName"}
    assert alarm["MetricName"] == metric
    assert alarm["TreatMissingData"] == missing
    assert alarm["Period"] * alarm["EvaluationPeriods"] == seconds
    scripts = "".join(each.read_text() for each in MACHINE.glob("*.sh"))
    assert f"put_metric {metric} " in scripts
    # CloudWatch looks back seven days at most, and a day with periods under an hour
    assert seconds <= (604_800 if alarm["Period"] >= 3600 else 86_400)


def test_a_disk_is_told_at_the_alarm_s_threshold():
    threshold = properties(SERVER, "DiskNearlyFull")["Threshold"]
    assert f'if [ "$used" -ge {threshold} ]' in (MACHINE / "check.sh").read_text()
