"""Passwords with characters that mean something in a URL."""

from __future__ import annotations

import traceback
from typing import Any

# Parts that no other word contains.
PARTS = ("zq7", "xk9", "vj3")
SEPARATORS = ("@", "#", "/", "?", ":", "%", "[", "]", " ", "&", "=", "\\", "'", '"')

MISREAD = (
    *(f"zq7@xk9{separator}vj3" for separator in SEPARATORS),
    *(f"zq7{separator}xk9@vj3" for separator in SEPARATORS),
    *("@zq7", "zq7@", "zq7@xk9:5432", "zq7@xk9/vj3?a=b", "zq7@xk9/vj3#a=b&c"),
)
READ_AS_THEY_ARE = tuple(f"zq7{each}xk9" for each in SEPARATORS if each != "@")


def everything_told(error: BaseException) -> str:
    """Return the error's message and traceback, as a log would have them."""
    return "".join(traceback.format_exception(error))


def shows_no_part(text: Any) -> bool:
    return not any(part in str(text) for part in PARTS)
