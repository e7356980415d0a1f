"""Lets later steps of a workflow on GitHub reach Prefect: `python -m infrastructure.prefect_access`.

Prefect's address and where its secret is are outputs of the stack; the secret is in AWS
Secrets Manager alone. GitHub keeps no copy of it, and masks it in the logs.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from secrets import token_hex

from cyclopts import App

from utils.aws.secrets import NotConfigured, secret_text
from utils.aws.stack import Stack
from utils.errors import ClearError

app = App(
    name="python -m infrastructure.prefect_access",
    version_flags=(),
    result_action="return_value",
)


@app.default
def prefect_access(*, stack: str = "data-platform") -> None:
    """Let the job's next steps reach Prefect, with a secret that its logs do not show.

    Args:
        stack: The CloudFormation stack of production.
    """
    if not (file := os.environ.get("GITHUB_ENV")):
        raise ClearError(
            "GITHUB_ENV is not set: this is for a workflow on GitHub, and would show the"
            " secret here. In a terminal set Prefect's variables as infrastructure/README.md"
            " says."
        )
    found = Stack.named(stack)
    url, variable = found["PrefectApiUrl"], found["PrefectApiSecretVariable"]
    secret = _secret(found["PrefectApiSecretArn"])
    # Before anything else can be printed. A mask has one line, and GitHub decodes it:
    # https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
    for line in filter(None, secret.splitlines()):
        print(f"::add-mask::{line.replace('%', '%25')}", flush=True)
    with Path(file).open("a") as variables:
        variables.write(_lines("PREFECT_API_URL", url) + _lines(variable, secret))
    print(f"The next steps reach {url} with {variable}.")


def _secret(arn: str) -> str:
    try:
        return secret_text(arn)
    except NotConfigured as error:
        raise ClearError(
            f"The stack names the secret {arn}, which is not there. Nothing was changed."
            " Create prefect/api-key as infrastructure/README.md says, and give the stack"
            " its ARN as PrefectApiSecretArn."
        ) from error


def _lines(name: str, value: str) -> str:
    """As GitHub reads them, whatever is in the value."""
    end = f"end-{token_hex(16)}"
    return f"{name}<<{end}\n{value}\n{end}\n"


if __name__ == "__main__":
    try:
        app()
    except ClearError as error:
        sys.exit(f"error: {error}")
