"""Runs a command with access to Prefect, for a step of a GitHub workflow.

`python -m infrastructure.prefect_access prefect deployment ls` reads the URL of Prefect's
API and the name of its secret from the stack's outputs, and the secret from AWS Secrets
Manager. Only the command's process has them: neither GitHub nor the job's other steps, with
their actions, do. GitHub masks the secret in the logs. A server without a public address is
reached through a tunnel.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from typing import NoReturn

from infrastructure.tunnel import reachable
from utils.aws.client import NotThere
from utils.aws.secrets import read_secret
from utils.aws.stack import StackOutputs
from utils.errors import ClearError
from utils.redaction.texts import redact


def main() -> NoReturn:
    """Run a command that has Prefect's variables, and exit as it does."""
    parser = argparse.ArgumentParser(
        prog="python -m infrastructure.prefect_access",
        description="Run a command with the address and the secret of Prefect's API.",
    )
    parser.add_argument(
        "--stack",
        default="data-platform",
        help="name of production's CloudFormation stack (default: %(default)s)",
    )
    parser.add_argument(
        "--server-stack",
        help="name of the stack of a Prefect server without a public address"
        " (default: that of --stack and -server, to which GitHub's role has a right)",
    )
    parser.add_argument("program", help="program to run")
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, help="arguments of the program"
    )
    given = parser.parse_args()
    variables = prefect_variables(given.stack)
    server_stack = given.server_stack or f"{given.stack}-server"
    try:
        with reachable(variables["PREFECT_API_URL"], server_stack) as url:
            command = [given.program, *given.arguments]
            if url == variables["PREFECT_API_URL"]:
                os.execvpe(given.program, command, os.environ | variables)
            environment = os.environ | variables | {"PREFECT_API_URL": url}
            sys.exit(subprocess.run(command, env=environment).returncode)
    except OSError as error:
        raise ClearError(
            f"The program {given.program} cannot be run: {error.strerror}. Nothing was"
            " changed. Start this with `uv run`."
        ) from error


def prefect_variables(stack: str) -> dict[str, str]:
    """Return the variables of Prefect's address and secret, and mask the secret.

    Args:
        stack: Name of production's CloudFormation stack.

    Raises:
        ClearError: The stack, one of its outputs or the secret is missing, or AWS refuses.
    """
    outputs = StackOutputs.named(stack)
    url, variable = outputs["PrefectApiUrl"], outputs["PrefectApiSecretVariable"]
    secret = _secret(outputs["PrefectApiSecretArn"])
    if os.environ.get("GITHUB_ACTIONS") == "true":
        _mask(secret)
    return {"PREFECT_API_URL": url, variable: secret}


def _secret(arn: str) -> str:
    try:
        return read_secret(arn)
    except NotThere as error:
        raise ClearError(
            f"The secret {arn}, which the stack names, does not exist. Nothing was changed."
            " Create prefect/api-key as infrastructure/README.md says, and give the stack"
            " its ARN as PrefectApiSecretArn."
        ) from error


def _mask(secret: str) -> None:
    """Have GitHub replace the secret by stars in the rest of the job's log.

    By the standard error: the standard output is the module's, and may go into a file.
    """
    # A mask has one line, which GitHub decodes:
    # https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
    for line in filter(None, secret.splitlines()):
        print(
            f"::add-mask::{line.replace('%', '%25')}",
            file=sys.stderr,
            flush=True,
        )


if __name__ == "__main__":
    try:
        main()
    except ClearError as error:
        sys.exit(f"error: {redact(str(error))}")
