"""Fakes of the actions that the workflows use, by their names."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.cloud.cloud import Cloud
from tests.fakes.aws import REGION
from tests.github.runner import Inputs, Runner
from tests.servers.images import build
from tests.servers.python import python

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
REPOSITORY = "acme/data-platform"
REPOSITORY_ID = "4711"
ISSUER = "https://token.actions.githubusercontent.com"
# Programs of the runner's machine. `docker` is buildah, which needs no daemon. A pushed
# image is in the fake's repository by its tag, and in buildah's store by its name. The `pip`
# of a new environment installs a `uv` that runs the tests' own Python.
UV = """#!/bin/sh
[ "$UV_LOCKED" = 1 ] || { echo "uv could change the lock" >&2; exit 2; }
case "$1 $2" in
"sync --group") [ -z "$AWS_ACCESS_KEY_ID" ] || { echo "a build beside keys" >&2; exit 2; } ;;
"run python")
  [ "$UV_NO_SYNC" = 1 ] || { echo "uv could install packages" >&2; exit 2; }
  shift 2; exec PYTHON "$@" ;;
*) echo "unknown: uv $*" >&2; exit 2 ;;
esac
"""
PIP = """#!/bin/sh
case " $* " in
*" --require-hashes "*" --requirement .ci/requirements.txt ") ;;
*) echo "not by its hash: pip $*" >&2; exit 2 ;;
esac
grep -q ^uv== .ci/requirements.txt && cp FOLDER/uv-of-tests "$(dirname "$0")/uv"
"""
PYTHON3 = """#!/bin/sh
[ "$1 $2" = "-m venv" ] || exec PYTHON "$@"
mkdir -p "$3/bin" && cp FOLDER/pip-of-tests "$3/bin/pip"
"""
DOCKER = r"""#!/bin/bash
set -euo pipefail
case $1 in
login)
  [ -n "$(cat)" ]
  touch "$HOME/logged-in" ;;
run)
  [ "$2" = --rm ]
  container=$(buildah from --pull-never "$3")
  trap 'buildah rm "$container" > /dev/null' EXIT
  buildah run "$container" -- "${@:4}" ;;
push)
  [ -e "$HOME/logged-in" ]
  buildah inspect --type image "$2" > /dev/null
  name=${2#*/}
  aws ecr put-image --repository-name "${name%:*}" --image-tag "${name#*:}" \
    --image-manifest-media-type application/vnd.docker.distribution.manifest.v2+json \
    --image-manifest "{\"schemaVersion\": 2, \"config\": {\"digest\": \"sha256:${name#*:}\"}}" > /dev/null ;;
*)
  echo "unknown: docker $*" >&2; exit 2 ;;
esac
"""
PROGRAMS = {
    "docker": DOCKER,
    "pip-of-tests": PIP,
    "python": '#!/bin/sh\nexec PYTHON "$@"\n',
    "python3": PYTHON3,
    "uv-of-tests": UV,
}


def install(folder: Path) -> None:
    """Install the programs of a machine."""
    folder.mkdir()
    for name, script in PROGRAMS.items():
        script = script.replace("PYTHON", python()).replace("FOLDER", f"'{folder}'")
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)


class Actions(dict):
    """Fake actions for jobs of one repository that deploy to one AWS."""

    def __init__(self, origin: Path, cloud: Cloud | None = None) -> None:
        self.origin, self.cloud = origin, cloud
        super().__init__(
            {
                "actions/checkout": self.checkout,
                "aws-actions/configure-aws-credentials": self.assume_role,
                "docker/setup-buildx-action": lambda runner, inputs: None,
                "docker/build-push-action": self.build_image,
            }
        )

    def checkout(self, runner: Runner, inputs: Inputs) -> None:
        """Check out the commit of the push, with its history if asked for."""
        assert inputs["persist-credentials"] == "false"
        depth = inputs.get("fetch-depth", "1")
        history = [] if depth == "0" else [f"--depth={depth}"]
        runner.command("git", "clone", "-q", *history, f"file://{self.origin}", ".")
        runner.command("git", "checkout", "-q", "--detach", runner.github["sha"])

    def assume_role(self, runner: Runner, inputs: Inputs) -> None:
        """Assume the role if its trust policy allows the claims of GitHub's token."""
        assert runner.job["permissions"]["id-token"] == "write"
        role = inputs["role-to-assume"]
        environment = runner.job["environment"]
        token = {
            "iss": ISSUER,
            "aud": "sts.amazonaws.com",
            "sub": f"repo:{REPOSITORY}:environment:{environment}",
            "environment": environment,
            "ref": "refs/heads/main",
            "repository": REPOSITORY,
            "repository_id": REPOSITORY_ID,
        }
        answer = self.cloud.client("sts").assume_role_with_web_identity(
            RoleArn=role,
            RoleSessionName="GitHubActions",
            WebIdentityToken=json.dumps(token),
        )["Credentials"]
        keys = {
            "AWS_ACCESS_KEY_ID": answer["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": answer["SecretAccessKey"],
            "AWS_SESSION_TOKEN": answer["SessionToken"],
        }
        for value in keys.values():
            runner.mask(value)
        region = inputs["aws-region"]
        assert region == REGION
        runner.environment |= keys | {
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
        }

    def build_image(self, runner: Runner, inputs: Inputs) -> None:
        """Build the real Dockerfile with buildah, whose own layers are the cache.

        The deploy role reads the cache's tag in ECR and writes it, twice as two builds do.
        """
        name, _, version = inputs["build-args"].strip().partition("=")
        assert name == "IMAGE_VERSION"
        assert inputs["load"] == "true" and "push" not in inputs
        assert (Path(runner.machine["HOME"]) / "logged-in").exists()
        cache = f"{inputs['tags'].rpartition(':')[0]}-cache:main"
        assert inputs["cache-from"] == f"type=registry,ref={cache}"
        assert inputs["cache-to"].split(",") == [
            *("type=registry", f"ref={cache}", "mode=max", "image-manifest=true"),
            *("oci-mediatypes=true", "ignore-error=true"),
        ]
        repository, _, tag = cache.partition("/")[2].partition(":")
        ecr = ("aws", "ecr")
        named = ("--repository-name", repository)
        for layers in ("sha256:1", "sha256:2"):
            manifest = {"schemaVersion": 2, "config": {"digest": layers}}
            ids = ("--image-ids", f"imageTag={tag}")
            runner.command(*ecr, "batch-get-image", *named, *ids)
            runner.command(
                *(*ecr, "put-image", *named, "--image-tag", tag),
                *("--image-manifest-media-type", OCI_MANIFEST),
                *("--image-manifest", json.dumps(manifest)),
            )
        revision = f"org.opencontainers.image.revision={runner.github['sha']}"
        assert inputs["labels"] == revision
        assert inputs["tags"].endswith(f":{version}")
        renewed = version.count("-") > 1
        assert inputs["pull"] == inputs["no-cache"] == str(renewed).lower()
        image = build(runner.workspace / inputs["context"], version)
        subprocess.run(["buildah", "tag", image.name, inputs["tags"]], check=True)
