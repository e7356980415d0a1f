"""Sections of the runbook, infrastructure/runbook.md, by kinds of alerts and of errors."""

from __future__ import annotations

import re

from utils.watch.judge import Kind

OF_KINDS = {
    Kind.RECOVERED: "it-works-again",
    Kind.STUCK_PENDING: "a-run-does-not-start",
    Kind.LATE: "a-run-does-not-start",
    Kind.RUNNING_LONG: "a-run-takes-too-long",
    Kind.STALE_TABLE: "a-table-is-stale",
    Kind.NO_WORKER: "no-worker",
    Kind.NO_SUCCESS: "no-success",
    Kind.REFUSED: "alerts-do-not-arrive",
}
OF_ERRORS = {
    "a-promise-is-broken": "breaks its promise that",
    "a-run-was-ended": r"crashed|exit(ed)? (with|status|code)|SIGKILL|heartbeat",
    "a-run-takes-too-long": r"exceeded timeout|statement timeout",
    "a-password-or-key-is-refused": (
        r"\b40[13]\b|password authentication failed|refuses|InvalidSignature|AccessDenied"
        r"|Incorrect username"
    ),
    "a-server-cannot-be-reached": (
        r"cannot be reached|Connection refused|timed out|sent nothing for|does not answer"
        r"|could not translate host name|\b50[0234]\b"
    ),
    "a-setting-is-missing-or-wrong": r"lacks |cannot be read|\.dlt|environment|setting",
    "the-source-has-changed": (
        r"not as the API documents|changed its type|contract|no longer|is not there"
    ),
    "far-fewer-rows": r"smallest_replacement|fewer rows",
    "a-lock": r"lock",
    "memory-or-disk": r"memory|No space left|The disk of",
}
OTHERWISE = "any-other-error"


def section_of(kind: Kind, error: str = "", state: str = "") -> str:
    """Return the anchor of the section that says what to do.

    Args:
        kind: Kind of the alert.
        error: Last line of the error, if a run has failed.
        state: Name of the state that the run has ended in.
    """
    if kind in OF_KINDS and not error:
        return OF_KINDS[kind]
    if state == "Crashed":
        return "a-run-was-ended"
    if state == "TimedOut":
        return "a-run-takes-too-long"
    for section, pattern in OF_ERRORS.items():
        if re.search(pattern, error, re.IGNORECASE):
            return section
    return OTHERWISE
