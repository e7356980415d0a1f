"""Isolation of the tests from the network."""

from __future__ import annotations

import os
import socket

import httpx
import pytest
from pytest_socket import SocketConnectBlockedError


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_a_test_cannot_connect_to_another_machine():
    with pytest.raises(SocketConnectBlockedError):
        httpx.get("http://192.0.2.1")


def test_in_ci_there_is_no_other_machine_for_any_process():
    """Checks that in the gate the loopback interface is the only one."""
    if os.environ.get("TESTS_WITHOUT_NETWORK"):
        assert [name for _, name in socket.if_nameindex()] == ["lo"]
