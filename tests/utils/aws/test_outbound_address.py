"""The address that the internet sees, asked of a local service."""

from __future__ import annotations

import pytest

from tests.fakes.http_server import Answer, api
from utils.aws.outbound_address import outbound_address


@pytest.mark.parametrize(
    "answer, address",
    [
        (Answer(b"203.0.113.7\n"), "203.0.113.7"),
        (Answer(b"2001:db8::7"), "2001:db8::7"),
        (Answer(b"<html>Log in to the Wi-Fi</html>"), None),
        (Answer(b"203.0.113.7", status=503), None),
        (Answer(b"203.0.113.7", cut_off=True), None),
        (Answer(b"fe80::1%\nall is well"), None),
        (Answer(b"203.0.113.7" + b" " * 100 + b"x"), "203.0.113.7"),
    ],
)
def test_an_address_or_none(answer, address, monkeypatch):
    with api(answer) as service:
        monkeypatch.setenv("CHECK_IP_URL", service.url)
        assert outbound_address() == address


def test_nobody_answers(monkeypatch):
    with api(Answer()) as service:
        monkeypatch.setenv("CHECK_IP_URL", service.url)
    assert outbound_address(timeout=0.5) is None
