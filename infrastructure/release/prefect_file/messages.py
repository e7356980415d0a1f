"""Messages about pydantic's errors in prefect.yaml, for people who do not know pydantic."""

from __future__ import annotations

import json
import re
from textwrap import shorten

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from infrastructure.release.prefect_file.deployment import (
    ConcurrencyLimit,
    Schedule,
    WorkPool,
)
from utils.errors import nearest

# Keys of Prefect that a release does not support, and what to do instead.
NOT_SUPPORTED = {
    "anchor_date": "Write `cron`.",
    "build": "Write it in each deployment.",
    "flow_name": "Remove it: a flow is named in its code.",
    "interval": "Write `cron`.",
    "paused": "Write `active: false` in each schedule.",
    "pull": "Write it in each deployment.",
    "push": "Remove it: the image is pushed before anything is deployed.",
    "replaces": "Remove it, and change the `slug`.",
    "rrule": "Write `cron`.",
    "schedule": "Write `schedules`, a list.",
    "sla": "Remove it, and create an automation.",
    "triggers": "Remove it, and create an automation.",
    "version": "Remove it: the commit is the version.",
    "version_type": "Remove it: the commit is the version.",
}

NESTED: dict[str, type[BaseModel]] = {
    "concurrency_limit": ConcurrencyLimit,
    "schedules": Schedule,
    "work_pool": WorkPool,
}


def fault_message(error: ErrorDetails, model: type[BaseModel]) -> str:
    """Return what is wrong, and what to do.

    Args:
        error: Error of pydantic's `ValidationError`.
        model: Model that was validated, `TopLevel` or `DeclaredDeployment`.
    """
    *parents, key = error["loc"] or (None,)
    if parents:
        model = NESTED.get(str(parents[0]), model)
    fields = {
        each.alias or name: each.description
        for name, each in model.model_fields.items()
    }
    if error["type"] in ("extra_forbidden", "invalid_key"):
        if advice := NOT_SUPPORTED.get(str(key)):
            return f"A release does not support Prefect's `{key}`. {advice}"
        return f"There is no key `{key}`. {nearest(str(key), fields)}"
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if key == "[key]":
        return f"The key `{error['input']}` is not a string. Put it in quotes."
    description = fields.get(str(key))
    expected = f" It is {description}." if description else ""
    if error["type"] == "missing":
        return f"`{key}` is missing.{expected}"
    if key is None:
        subject = f"This {model.model_config['title']}"
    elif isinstance(key, int):
        subject = f"An item of `{parents[-1]}`"
    else:
        subject = f"`{key}`"
    rule = re.sub("^(Input|String) | or instance of .*", "", error["msg"])
    given = shorten(json.dumps(error["input"], default=str), 40)
    return f"{subject} {rule.replace('dictionary', 'mapping')}, not {given}.{expected}"
