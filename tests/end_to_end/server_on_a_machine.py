"""From an empty account to a worker, both on the machine of Prefect's server. AWS is fake.

The machine is a network and mounts of its own, with its private address and the address of
EC2's metadata. Its scripts are real, and so is the AWS CLI, which finds the machine's keys as
on EC2. Containers are real, too, of stand-ins for the official images and of the project's
image; they are run by the fake docker. Left out is what needs a booted machine: its disk,
swap and units (tests/infrastructure/machine has them in a root with Debian).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Iterator

import yaml

from tests.cloud.cloud import Cloud, running_cloud
from tests.end_to_end.platform import (
    AUTH,
    LAKE_STACK,
    STACK,
    Platform,
)
from tests.fakes.http_server import QuietHandler
from tests.infrastructure.first_stacks import create_deploy, create_foundation
from tests.infrastructure.templates import (
    INFRASTRUCTURE,
    SERVER_STACK,
    SERVERS,
    TEMPLATES,
    properties,
)
from tests.repository.tree import ROOT
from tests.servers.docker.program import Docker, fake_docker
from tests.servers.docker.stand_ins import postgres_image, prefect_image
from tests.servers.images import Image, store
from tests.servers.postgres import Database, over_tcp
from tests.servers.programs import program

ADDRESS = "10.20.0.10"
ROLE = f"{STACK}-server-machine"
METADATA = "169.254.169.254"
API_URL = f"http://{ADDRESS}:4200/api"
# Of a test, which may only connect to its own machine.
TUNNEL = "http://127.0.0.1:4200/api"
TAG = "0123456789abcdef0123456789abcdef01234567"
# All but Compose, which the fake docker plays.
DOCKER = """#!/bin/bash
echo "docker $*" >> {log}
case $1 in
compose) exec {docker} "$@" ;;
login) cat > /dev/null ;;
create) echo a-container ;;
cp) cp -r {files}/. "${{@: -1}}" ;;
"image") [ "$2" = prune ] || uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/' ;;
esac
"""
SYSTEMCTL = """#!/bin/bash
echo "systemctl $*" >> {log}
"""


@dataclass
class ServerOnAMachine:
    """A platform whose server and worker are on one machine."""

    platform: Platform
    outputs: dict[str, str]
    """Outputs of the server's stack."""
    docker: Docker
    folder: Path

    @property
    def cloud(self) -> Cloud:
        return self.platform.cloud

    def run(self, *command: str) -> str:
        """Run a command on the machine, which has to succeed, and return its output."""
        within = ("nsenter", f"--target={self.docker.process}", "--mount", "--net")
        path = (
            f"{self.folder}/bin:{Path(program('aws')).parent}:/usr/sbin:/usr/bin:/bin"
        )
        endpoint = f"AWS_ENDPOINT_URL={self.cloud.url}"
        done = subprocess.run(
            [*within, "env", "-i", f"PATH={path}", endpoint, *command],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"{command}: {done.stdout}{done.stderr}"[-5000:])
        return done.stdout

    def script(self, name: str, *words: str) -> str:
        """Run what people call on the machine."""
        return self.run(f"/opt/data-platform/{name}", *words)

    def asked(self, program: str) -> list[str]:
        """Return what was asked of docker or systemctl."""
        lines = (self.folder / "log").read_text().splitlines()
        return [line for line in lines if line.startswith(f"{program} ")]


@contextmanager
def running_machine(
    image: Image, warehouse: Database, runs: int = 10
) -> Iterator[ServerOnAMachine]:
    """Set up everything in the order of infrastructure/prefect_server.md.

    Args:
        image: The project's image.
        warehouse: The warehouse.
        runs: Runs that the worker has at once.
    """
    with tempfile.TemporaryDirectory(dir=store()) as made:
        folder = Path(made)
        folder.chmod(0o755)
        services = yaml.safe_load((INFRASTRUCTURE / "compose.yaml").read_text())
        images = {
            services["services"]["database"]["image"]: postgres_image().name,
            services["services"]["server"]["image"]: prefect_image(image).name,
        }
        (folder / "docker").mkdir()
        with (
            fake_docker(folder / "docker", images) as docker,
            docker.network(),
        ):
            _give_addresses()
            with (
                running_cloud(folder / "cloud", at_once=runs) as cloud,
                over_tcp(warehouse) as warehouse_url,
                cloud.enforcing(),
            ):
                cloud.run_tasks_in(image=image.name)
                outputs, of_server = _create_stacks(cloud, warehouse_url)
                uri = outputs["ImageUri"]
                _know(docker, uri, image)
                machine = ServerOnAMachine(
                    Platform(cloud, TUNNEL, ROOT, warehouse, outputs, uri),
                    of_server,
                    docker,
                    folder,
                )
                with _metadata(cloud):
                    _boot(machine, runs)
                    yield machine


def _give_addresses() -> None:
    for address in (ADDRESS, METADATA):
        add = ["ip", "address", "add", f"{address}/32", "dev", "lo"]
        subprocess.run(add, check=True)


def _create_stacks(
    cloud: Cloud, warehouse_url: str
) -> tuple[dict[str, str], dict[str, str]]:
    """Create all stacks; return the platform's outputs with its image, and the server's."""
    text = {name: path.read_text() for name, path in TEMPLATES.items()}
    deploy = create_deploy(cloud, STACK)
    create_foundation(cloud, STACK, NatKind="none")
    lake = cloud.create_stack(LAKE_STACK, text[LAKE_STACK])
    create = cloud.client("secretsmanager").create_secret
    create(Name="dlt/destination/warehouse/credentials", SecretString=warehouse_url)
    key = create(Name="prefect/api-key", SecretString=AUTH)["ARN"]
    cloud.push_image(deploy["RepositoryName"], TAG)
    uri = f"{deploy['RepositoryUri']}:{TAG}"
    platform = cloud.create_stack(
        STACK,
        text[STACK],
        deploy["StackRoleArn"],
        ImageUri=uri,
        PrefectApiUrl=API_URL,
        PrefectApiSecretArn=key,
        PrefectApiSecretVariable="PREFECT_API_AUTH_STRING",
        WarehouseType="postgres",
        LakeBucketName=lake["BucketName"],
        MinimumWorkers="0",
    )
    server = cloud.create_stack(
        SERVER_STACK,
        SERVERS["ec2"].read_text(),
        ImageUri=uri,
        ApiSecretArn=key,
        RunsWorker="true",
        IsNat="true",
    )
    return platform | {"ImageUri": uri}, server


def _know(docker: Docker, uri: str, image: Image) -> None:
    """Let the fake docker have pulled the project's image."""
    table = docker.folder / "images.json"
    table.write_text(json.dumps(json.loads(table.read_text()) | {uri: image.name}))


@contextmanager
def _metadata(cloud: Cloud) -> Iterator[None]:
    """Serve EC2's metadata with the keys of the machine's role."""
    role = cloud.client("iam").get_role(RoleName=ROLE)["Role"]["Arn"]
    keys = cloud.as_role(role).get_credentials().get_frozen_credentials()
    told = {
        "Code": "Success",
        "AccessKeyId": keys.access_key,
        "SecretAccessKey": keys.secret_key,
        "Token": keys.token,
        "Expiration": "2099-01-01T00:00:00Z",
    }
    base = "/latest/meta-data/iam/security-credentials/"

    known = {base: ROLE.encode(), base + ROLE: json.dumps(told).encode()}

    class Metadata(QuietHandler):
        def do_PUT(self) -> None:  # noqa: N802
            self._answer(b"a-token")

        def do_GET(self) -> None:  # noqa: N802
            if self.headers["X-aws-ec2-metadata-token"] == "a-token":
                self._answer(known[self.path])
            else:
                self.send_error(401)

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer((METADATA, 80), Metadata) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


def _boot(machine: ServerOnAMachine, runs: int) -> None:
    """Do what the user data does after it has installed Docker."""
    folder = machine.folder
    files, programs = folder / "image", folder / "bin"
    _write_image(files, machine.cloud.url, runs)
    programs.mkdir()
    named = {
        "log": folder / "log",
        "docker": folder / "docker/bin/docker",
        "files": files,
    }
    for name, text in (("docker", DOCKER), ("systemctl", SYSTEMCTL)):
        (programs / name).write_text(text.format(**named))
        (programs / name).chmod(0o755)
    opt = folder / "opt"
    for name in ("data-platform", "data"):
        (opt / name).mkdir(parents=True)
    machine.run("mount", "--bind", str(opt), "/opt")
    user_data = properties(SERVERS["ec2"], "ServerMachine")["UserData"]["Fn::Base64"]
    script = user_data["Sub"].partition("<<'SCRIPT'\n")[2].partition("SCRIPT\n")[0]
    (opt / "data-platform/fetch").write_text(script)
    (opt / "data-platform/stack").write_text(
        f"AWS_DEFAULT_REGION='{machine.cloud.region}'\n"
        f"SETTINGS='/{SERVER_STACK}/settings'\n"
    )
    machine.run("bash", "/opt/data-platform/fetch")


def _write_image(files: Path, aws_url: str, runs: int) -> None:
    """Write what the machine copies out of the image, for a machine that has not booted."""
    ignored = shutil.ignore_patterns("__pycache__", "release", "*.yml")
    shutil.copytree(INFRASTRUCTURE, files, ignore=ignored)
    machine = files / "control_plane/machine"
    for name in ("prepare.sh", "units.sh"):
        (machine / name).write_text("#!/bin/sh\n")
    for file in (files / "compose.machine.yaml", *machine.glob("*.sh")):
        file.write_text(file.read_text().replace("/data/", "/opt/data/"))
    (machine / "check.sh").write_text(
        (machine / "check.sh").read_text().replace(" / /data", " / /opt/data")
    )
    compose = (files / "compose.machine.yaml").read_text()
    limit = '- --limit\n      - "10"'
    assert limit in compose
    compose = compose.replace(limit, limit.replace("10", str(runs)))
    region = "      AWS_RETRY_MODE: standard\n"
    assert compose.count(region) == 1
    endpoint = f"      AWS_ENDPOINT_URL: {aws_url}\n"
    # By default a worker asks for runs every ten seconds.
    endpoint += '      PREFECT_WORKER_QUERY_SECONDS: "1"\n'
    (files / "compose.machine.yaml").write_text(
        compose.replace(region, region + endpoint)
    )
