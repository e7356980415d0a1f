"""The address of a source's server, as a setting has it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from utils.errors import ClearError
from utils.redaction.texts import excerpt
from utils.settings.bounds import wrong_setting

LONGEST = 2_000
LONGEST_SHOWN = 100
PORTS = {"http": 80, "https": 443}
EC2_METADATA = [ipaddress.ip_address("fd00:ec2::254")]
# Programs disagree on what these mean in an address, so on which host it names.
FORBIDDEN = set(' \\"<>^`{|}')


class OtherServer(ClearError):
    """A server's answer leads to another one, to which no request was sent."""


@dataclass(frozen=True)
class ServerAddress:
    """Scheme, host and port, all of which a request must have to be sent."""

    scheme: str
    host: str
    port: int
    setting: str
    """Path of the setting that has the address."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS.get(self.scheme, 0) else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @classmethod
    def of(cls, address: str, setting: str) -> ServerAddress:
        """Return the server of an address.

        Raises:
            ConfigurationError: The address is malformed, or not encrypted on its way to
                another machine. Does not show it, as it may have a password.
        """
        if problem := _problem(address):
            example = "It should be an address such as https://api.example.org/v1."
            raise wrong_setting(setting, problem, example)
        scheme, host, port = _server(urlsplit(address))
        return cls(scheme, host, port, setting)

    def require(self, address: str) -> None:
        """Reject an address of another server, to which a request would be sent.

        Raises:
            OtherServer: The address is another server's, or malformed.
        """
        self._require(address, "links to")

    def require_redirect(self, url: str, location: str) -> None:
        """Reject a redirect to another server.

        Args:
            url: Address that was asked.
            location: Header of the answer.

        Raises:
            OtherServer: It leads to another server, or nowhere.
        """
        try:
            address = urljoin(url, location[: LONGEST + 1])
        except ValueError:  # [ without ]
            address = ""
        if len(address) > LONGEST:
            address = ""
        self._require(address, "redirects to")

    def _require(self, address: str, relation: str) -> None:
        try:
            found = _server(urlsplit(address))
        except ValueError:
            found = ("", "", 0)
        if not found[1]:
            raise self._leads_away(relation, "what is no address")
        if found != (self.scheme, self.host, self.port):
            other = excerpt(str(ServerAddress(*found, self.setting)), LONGEST_SHOWN)
            raise self._leads_away(relation, ascii(other)[1:-1])

    def _leads_away(self, relation: str, other: str) -> OtherServer:
        return OtherServer(
            f"{self} {relation} {other}. No request was sent there, as it might be a"
            " stranger's, and nothing was loaded. If the source has moved for good, set"
            f" {self.setting} to its new address."
        )


def _server(parts: SplitResult) -> tuple[str, str, int]:
    """Return scheme, host and port, as requests takes them from an address.

    Raises:
        ValueError: The port is no number of one.
    """
    port = parts.port or PORTS.get(parts.scheme, 0)
    return parts.scheme, parts.hostname or "", port


def _problem(address: str) -> str | None:
    if len(address) > LONGEST:
        return f"has {len(address):,} characters"
    if not (address.isascii() and address.isprintable()) or set(address) & FORBIDDEN:
        return "has a character that an address cannot have"
    try:
        scheme, host, _ = _server(urlsplit(address))
    except ValueError:
        return "is malformed"
    if not host:
        return "names no host"
    if _is_inside_the_cloud(host):
        return "is the address of a machine's own services, or a number"
    if scheme != "https" and not (scheme == "http" and _is_this_machine(host)):
        return "does not begin with https://"
    return None


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_inside_the_cloud(host: str) -> bool:
    """Return whether AWS answers there with credentials, or a number may mean such a host."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # operating systems take 2852039166 and 0xa9fea9fe for 169.254.169.254
        return bool(re.fullmatch(r"\d+|0x[\da-f]*", host.rpartition(".")[2]))
    return address.is_link_local or address in EC2_METADATA
