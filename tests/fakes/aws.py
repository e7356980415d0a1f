"""AWS, played by moto's server."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterator

import boto3
import requests

REGION = "eu-central-1"
ADMINISTRATOR = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
}


@dataclass(frozen=True)
class Aws:
    """An account that is empty at first, where everything is allowed."""

    url: str
    region: str = field(default=REGION, kw_only=True)

    @property
    def environment(self) -> dict[str, str]:
        """Variables by which every AWS library comes here."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": self.region,
            **ADMINISTRATOR,
        }

    def client(self, service: str, **settings: Any) -> Any:
        """A client of boto3, for what a test prepares or looks at."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=self.region,
            aws_access_key_id=ADMINISTRATOR["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=ADMINISTRATOR["AWS_SECRET_ACCESS_KEY"],
            **settings,
        )

    def new_bucket(self, name: str) -> str:
        """An empty bucket's address."""
        self.client("s3").create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": self.region}
        )
        return f"s3://{name}"

    def empty(self) -> None:
        """Delete all there is."""
        requests.post(f"{self.url}/moto-api/reset").raise_for_status()


@contextmanager
def running_aws(folder: Path) -> Iterator[Aws]:
    """Start a server, and stop it. What it records, it writes into the folder."""
    from moto.moto_api import recorder
    from moto.server import ThreadedMotoServer

    # Not MOTO_RECORDER_FILEPATH, which moto reads when it is imported.
    recorder._location = str(folder / "aws-requests")
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield Aws(f"http://{host}:{port}")
    finally:
        server.stop()
