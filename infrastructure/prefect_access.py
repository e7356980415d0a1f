"""Gives later steps of a GitHub workflow access to Prefect.

`python -m infrastructure.prefect_access` reads the URL of Prefect's API and the name of its
secret from the stack's outputs, and the secret from AWS Secrets Manager. GitHub stores no
copy of it, and masks it in the logs.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from secrets import token_hex

from cyclopts import App

from utils.aws.client import NotThere
from utils.aws.secrets import read_secret
from utils.aws.stack import StackOutputs
from utils.errors import ClearError

app = App(
    name="python -m infrastructure.prefect_access",
    version_flags=(),
    result_action="return_value",
)


@app.default
def prefect_access(*, stack: str = "data-platform") -> None:
    """Set Prefect's URL and secret for the job's next steps, and mask the secret.

    Args:
        stack: Name of production's CloudFormation stack.
    """
    if not (file := os.environ.get("GITHUB_ENV")):
        raise ClearError(
            "GITHUB_ENV is not set: this is for a workflow on GitHub, and would print the"
            " secret here. In a terminal set Prefect's variables as infrastructure/README.md"
            " says."
        )
    outputs = StackOutputs.named(stack)
    url, variable = outputs["PrefectApiUrl"], outputs["PrefectApiSecretVariable"]
    secret = _secret(outputs["PrefectApiSecretArn"])
    # Masks come before any other output. Each has one line, which GitHub decodes:
    # https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
    for line in filter(None, secret.splitlines()):
        print(f"::add-mask::{line.replace('%', '%25')}", flush=True)
    with Path(file).open("a") as variables:
        variables.write(_assignment("PREFECT_API_URL", url))
        variables.write(_assignment(variable, secret))
    print(f"The next steps have access to {url} by {variable}.")


def _secret(arn: str) -> str:
    try:
        return read_secret(arn)
    except NotThere as error:
        raise ClearError(
            f"The secret {arn}, which the stack names, does not exist. Nothing was changed."
            " Create prefect/api-key as infrastructure/README.md says, and give the stack"
            " its ARN as PrefectApiSecretArn."
        ) from error


def _assignment(name: str, value: str) -> str:
    """Return an assignment for the file GITHUB_ENV. The value may have several lines."""
    end = f"end-{token_hex(16)}"
    return f"{name}<<{end}\n{value}\n{end}\n"


if __name__ == "__main__":
    try:
        app()
    except ClearError as error:
        sys.exit(f"error: {error}")
