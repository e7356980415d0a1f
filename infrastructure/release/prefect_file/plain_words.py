"""What pydantic finds in prefect.yaml, for people who never heard of pydantic."""

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

# Prefect's keys that a release does not bring to the server, and what to do instead.
NOT_SUPPORTED = {
    "anchor_date": "Write `cron`.",
    "build": "Write it in each deployment.",
    "flow_name": "Take it out: a flow is named in its code.",
    "interval": "Write `cron`.",
    "paused": "Write `active: false` in each schedule.",
    "pull": "Write it in each deployment.",
    "push": "Take it out: the image is pushed before anything is deployed.",
    "replaces": "Take it out, and change the `slug`.",
    "rrule": "Write `cron`.",
    "schedule": "Write `schedules`, a list.",
    "sla": "Take it out, and make an automation.",
    "triggers": "Take it out, and make an automation.",
    "version": "Take it out: a release is named by its commit.",
    "version_type": "Take it out: a release is named by its commit.",
}


NESTED = {
    "concurrency_limit": ConcurrencyLimit,
    "schedules": Schedule,
    "work_pool": WorkPool,
}


def in_plain_words(error: ErrorDetails, model: type[BaseModel]) -> str:
    """What is wrong, and what to do.

    Args:
        error: One of the `ValidationError` of a `File` or a `Deployment`.
        model: Which of the two.
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
        return f"The key `{error['input']}` is no text. Put it in quotes."
    what = f" It is {fields[key]}." if fields.get(key) else ""
    if error["type"] == "missing":
        return f"`{key}` is missing.{what}"
    if key is None:
        subject = f"This {model.__name__.lower()}"
    elif isinstance(key, int):
        subject = f"An item of `{parents[-1]}`"
    else:
        subject = f"`{key}`"
    should = re.sub("^(Input|String) | or instance of .*", "", error["msg"])
    given = shorten(json.dumps(error["input"], default=str), 40)
    return f"{subject} {should.replace('dictionary', 'mapping')}, not {given}.{what}"
