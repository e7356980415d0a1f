"""A task's life on the fake Fargate, with plain Python as its command."""

from __future__ import annotations

import json
import os

import pytest

from tests.servers.waiting import until

pytestmark = pytest.mark.slow

PYTHON = ("python", "-c")


def test_a_task_runs_in_the_environment_that_ecs_gives(platform, monkeypatch):
    show = "import json, os; print(json.dumps([os.getcwd(), os.listdir(os.environ['HOME']), dict(os.environ)]))"
    secret = {"name": "WORD", "valueFrom": f"{platform.outputs['Secret']}:user::"}
    task = platform.run(
        *PYTHON,
        show,
        container={
            "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}],
            "secrets": [secret],
        },
        overrides={
            "cpu": "1024",
            "containerOverrides": [
                {"name": "main", "environment": [{"name": "B", "value": "2"}]}
            ],
        },
        tags=[{"key": "of", "value": "a test"}],
    )

    ended = platform.ended(task)

    assert ended["containers"][0]["exitCode"] == 0
    assert ended["stopCode"] == "EssentialContainerExited"
    assert (ended["cpu"], ended["memory"]) == ("1024", "512")
    folder, home, environment = json.loads(platform.logged(task)[0])
    assert os.path.basename(folder) == "app"
    assert home in ([], [".prefect"])  # where the tests' Python reads settings
    assert (environment["A"], environment["B"]) == ("1", "2")
    assert environment["WORD"] == "x"
    foreign = {"DLT_PROJECT_DIR", "PREFECT_API_URL", "AWS_ACCESS_KEY_ID", "PYTHONPATH"}
    assert not foreign & environment.keys()


def test_a_task_has_a_private_address_only(platform):
    task = platform.ended(platform.run(*PYTHON, ""))
    (attachment,) = task["attachments"]
    details = {each["name"]: each["value"] for each in attachment["details"]}
    interface = platform.cloud.client("ec2").describe_network_interfaces(
        NetworkInterfaceIds=[details["networkInterfaceId"]]
    )["NetworkInterfaces"][0]

    assert details["subnetId"] == platform.outputs["Private"]
    assert "Association" not in interface
    (call,) = platform.cloud.calls(action="RunTask")[-1:]
    network = call["parameters"]["networkConfiguration"]["awsvpcConfiguration"]
    assert network["assignPublicIp"] == "DISABLED"


def test_exit_codes_and_signals(platform):
    failing = platform.run(*PYTHON, "raise SystemExit(3)")
    killed = platform.run(*PYTHON, "import os; os.kill(os.getpid(), 9)")

    assert platform.ended(failing)["containers"][0]["exitCode"] == 3
    assert platform.ended(killed)["containers"][0]["exitCode"] == 137


def test_stop_task_asks_first_and_then_kills(platform):
    patient = "import signal, time; signal.signal(15, lambda *_: print('asked')); print('up', flush=True)\nwhile True: time.sleep(1)"
    task = platform.run("python", "-uc", patient, container={"stopTimeout": 2})
    polite = platform.run(*PYTHON, "import time; time.sleep(600)")
    platform.running(task), platform.running(polite)
    until(lambda: platform.logged(task), "its output")
    ecs, cluster = platform.cloud.client("ecs"), platform.outputs["Cluster"]
    for each in (task, polite):
        ecs.stop_task(cluster=cluster, task=each, reason="enough")

    ended = platform.ended(task)
    assert ended["containers"][0]["exitCode"] == 137
    assert (ended["stopCode"], ended["stoppedReason"]) == ("UserInitiated", "enough")
    assert platform.logged(task) == ["up", "asked"]
    assert platform.ended(polite)["containers"][0]["exitCode"] == 143


def test_an_unknown_task_cannot_be_stopped(platform):
    ecs = platform.cloud.client("ecs")
    with pytest.raises(ecs.exceptions.InvalidParameterException, match="not found"):
        ecs.stop_task(cluster=platform.outputs["Cluster"], task="0" * 32)


def test_a_task_is_missing_once_it_is_forgotten(platform):
    task = platform.run(*PYTHON, "")
    ecs, cluster = platform.cloud.client("ecs"), platform.outputs["Cluster"]
    ended = platform.ended(task)
    platform.cloud.forget_task(task)

    told = ecs.describe_tasks(cluster=cluster, tasks=[task])
    assert ended["stoppedAt"] and told["tasks"] == []
    assert told["failures"] == [{"arn": task, "reason": "MISSING"}]


def test_a_missing_image(platform):
    task = platform.ended(platform.run(*PYTHON, "", tag="never-pushed"))

    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    assert "never-pushed: not found" in task["stoppedReason"]
    assert "exitCode" not in task["containers"][0]


def test_a_command_that_is_not_in_the_image(platform):
    task = platform.ended(platform.run("no-such-command"))

    assert task["stopCode"] == "TaskFailedToStart"
    assert "CannotStartContainerError" in task["stoppedReason"]


def test_a_secret_that_the_execution_role_may_not_read(platform, enforced):
    secret = {"name": "WORD", "valueFrom": platform.outputs["OtherSecret"]}
    task = platform.ended(platform.run(*PYTHON, "", container={"secrets": [secret]}))

    assert task["stopCode"] == "TaskFailedToStart"
    reason = task["stoppedReason"]
    assert reason.startswith("ResourceInitializationError: unable to pull secrets")
    assert "not authorized to perform: secretsmanager:GetSecretValue" in reason


def test_a_task_has_the_rights_of_its_task_role(platform, enforced):
    bucket = platform.outputs["Bucket"]
    write = (
        "import boto3; s3 = boto3.client('s3'); print(boto3.client('sts').get_caller_identity()['Arn']);"
        f"s3.put_object(Bucket='{bucket}', Key='raw/a', Body=b'1');"
        f"s3.put_object(Bucket='{bucket}', Key='else/a', Body=b'1')"
    )
    task = platform.run("python", "-uc", write)
    ended = platform.ended(task)

    lines = platform.logged(task)
    role = platform.outputs["TaskRoleArn"].rpartition("/")[2]
    assert f"assumed-role/{role}/" in lines[0]
    assert "AccessDenied" in lines[-1]
    assert ended["containers"][0]["exitCode"] == 1
    puts = platform.cloud.calls(action="PutObject", who=role)
    assert [(put["parameters"]["Key"], put["status"]) for put in puts] == [
        ("raw/a", 200),
        ("else/a", 403),
    ]


def test_each_state_reaches_the_queue(platform):
    sqs, queue = platform.cloud.client("sqs"), platform.outputs["Queue"]
    task = platform.run(*PYTHON, "raise SystemExit(3)")
    platform.ended(task)
    states = []
    while not states or states[-1]["lastStatus"] != "STOPPED":
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            event = json.loads(message["Body"])
            if event["detail"]["taskArn"] == task:
                assert event["detail-type"] == "ECS Task State Change"
                states.append(event["detail"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    statuses = [detail["lastStatus"] for detail in states]
    assert statuses == ["PROVISIONING", "PENDING", "RUNNING", "STOPPED"]
    assert states[-1]["containers"][0]["exitCode"] == 3
    assert states[-1]["stopCode"] == "EssentialContainerExited"


def test_a_rule_sends_a_failed_task_to_a_topic(platform, request):
    events, sns = platform.cloud.client("events"), platform.cloud.client("sns")
    sqs, rule = platform.cloud.client("sqs"), {"Rule": "died"}
    mailbox = sqs.create_queue(QueueName="mailbox")["QueueUrl"]
    request.addfinalizer(lambda: sqs.delete_queue(QueueUrl=mailbox))
    arn = sqs.get_queue_attributes(QueueUrl=mailbox, AttributeNames=["QueueArn"])
    topic = platform.outputs["Topic"]
    subscription = sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"]
    )
    request.addfinalizer(
        lambda: sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    )
    pattern = {
        "detail": {"lastStatus": ["STOPPED"], "stopCode": ["EssentialContainerExited"]}
    }
    events.put_rule(Name="died", EventPattern=json.dumps(pattern))
    request.addfinalizer(lambda: events.delete_rule(Name="died"))
    events.put_targets(**rule, Targets=[{"Id": "topic", "Arn": topic}])
    request.addfinalizer(lambda: events.remove_targets(**rule, Ids=["topic"]))

    platform.ended(platform.run("no-such-command"))
    died = platform.run(*PYTHON, "raise SystemExit(3)")
    platform.ended(died)

    def received() -> list[dict]:
        return sqs.receive_message(QueueUrl=mailbox, MaxNumberOfMessages=10).get(
            "Messages", []
        )

    (mail,) = until(received, "the topic's message")
    event = json.loads(json.loads(mail["Body"])["Message"])
    assert event["detail"]["taskArn"] == died
