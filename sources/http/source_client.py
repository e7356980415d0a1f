"""HTTP requests to a source's server, which is not trusted with memory or secrets.

dlt's requests bring time-outs and retries. Here an answer has a largest size, and a redirect
or a link to a next page leads to the same server: to no other one, to no plain http, to no
address inside the cloud.
"""

from __future__ import annotations

from typing import Any, Iterator

from dlt.sources.helpers.requests import Client, Session
from requests import JSONDecodeError, PreparedRequest, Response
from requests.adapters import HTTPAdapter

from sources.http.server_address import ServerAddress
from utils.errors import ClearError
from utils.redaction.texts import excerpt

# Pages of the sources' APIs have some hundred kilobytes at most, the ECB's archive has 640
# kB.
MOST_BYTES = 8 * 2**20
# In 8 MiB of `{},{},...` there are three millions. In pages of APIs a value has 20 bytes
# or more, with its name.
MOST_VALUES = 1_000_000
# What an error says of itself; the rest is not read.
MOST_BYTES_OF_AN_ERROR = 64 * 2**10
MOST_REDIRECTS = 5


class AnswerTooLong(ClearError):
    """A server's answer is longer than any that makes sense. Nothing was loaded."""


class SourceClient(Client):
    """dlt's HTTP client, for one server."""

    def __init__(
        self, address: str, setting: str, raise_for_status: bool = True
    ) -> None:
        """Prepare to send requests; the server is not asked yet.

        Args:
            address: Address of the API, or of a file.
            setting: Path of the setting that has the address, for errors.
            raise_for_status: Raise HTTPError for an answer of 400 and above.

        Raises:
            ConfigurationError: The address is none of a server that may be asked.
        """
        super().__init__(
            raise_for_status=raise_for_status,
            session_attrs={"max_redirects": MOST_REDIRECTS},
        )
        self._one_server = _OneServer(ServerAddress.of(address, setting))

    @property
    def session(self) -> Session:
        """The thread's session, with dlt's retries."""
        session = super().session
        session.mount("https://", self._one_server)
        session.mount("http://", self._one_server)
        return session


class _OneServer(HTTPAdapter):
    """Sends requests to one server, and limits its answers."""

    def __init__(self, server: ServerAddress) -> None:
        super().__init__()
        self._server = server

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send a request, of a redirect, too.

        Raises:
            OtherServer: The request, or the answer's redirect, is for another server.
        """
        url = request.url or ""
        self._server.require(url)
        response = super().send(request, *args, **kwargs)
        if response.is_redirect:
            try:
                self._server.require_redirect(url, response.headers["location"])
            except ClearError:
                response.close()
                raise
        return response

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """Return the answer, whose body is not read yet."""
        response = _Answer()
        response.__dict__ = vars(super().build_response(req, resp))
        response.server = self._server
        response.raw = _Body(resp, self._server)
        return response


class _Answer(Response):
    """A response whose JSON is either read or refused, however deep or long."""

    server: ServerAddress

    def json(self, **kwargs: Any) -> Any:
        """Return the content of the body.

        Raises:
            JSONDecodeError: The body is not JSON, or not such that Python can hold.
            AnswerTooLong: It has too many values.
        """
        # A value takes a byte or two and a comma, and some 70 bytes in Python.
        if sum(map(self.content.count, b",[{")) > MOST_VALUES:
            raise _too_long(self.server, f"{MOST_VALUES:,} values", "MOST_VALUES")
        try:
            return super().json(**kwargs)
        except JSONDecodeError:
            raise
        except RecursionError:
            problem = "nested too deeply"
        except ValueError:
            problem = "a number has too many digits"
        raise JSONDecodeError(problem, excerpt(self.text, 200), 0)


class _Body:
    """urllib3's response, read until it is too long."""

    def __init__(self, raw: Any, server: ServerAddress) -> None:
        self._raw = raw
        self._server = server

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(
        self, amt: int | None = 2**16, decode_content: bool | None = None
    ) -> Iterator[bytes]:
        """Yield the body's pieces, unpacked.

        Raises:
            AnswerTooLong: There are too many. Only an error's body is cut off.
        """
        is_content = self._raw.status < 300
        left = MOST_BYTES if is_content else MOST_BYTES_OF_AN_ERROR
        for piece in self._raw.stream(amt, decode_content=decode_content):
            if len(piece) > left:
                # Not to be used again: the rest would be taken for the next answer.
                self._raw.close()
                if is_content:
                    raise _too_long(
                        self._server, f"{MOST_BYTES // 2**20} MiB", "MOST_BYTES"
                    )
                yield piece[:left]
                return
            left -= len(piece)
            yield piece

    def read(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """Return the whole body; requests reads that of a redirect so."""
        return b"".join(self.stream(decode_content=decode_content))


def _too_long(server: ServerAddress, most: str, constant: str) -> AnswerTooLong:
    return AnswerTooLong(
        f"{server} answered with more than {most}, and the rest was not read. Nothing was"
        f" loaded. Is {server.setting} the right address? If such answers are right, raise"
        f" {constant} in sources/http/source_client.py, and the memory of the flow's tasks."
    )
