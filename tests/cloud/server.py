"""Server of the fake AWS: moto behind the gate, with Fargate and ECS's services."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from tests.cloud import (  # noqa
    event_targets,
    sessions,
    stack_access,
    stack_ecs,
    stack_groups,
    stack_machine,
    stack_messages,
    stack_network,
    stack_policies,
    stack_server,
    stacks,
    task_definitions,
)
from tests.cloud.api import Api
from tests.cloud.containers import ImageRunner
from tests.cloud.credentials import Credentials
from tests.cloud.fargate import Fargate
from tests.cloud.gate import Gate
from tests.cloud.processes import ProcessRunner
from tests.cloud.services import Services


class Server:
    """The fake AWS at a port of this machine."""

    def __init__(self, port: int, folder: Path, at_once: int) -> None:
        url = f"http://127.0.0.1:{port}"
        gate = Gate(DomainDispatcherApplication(create_backend_app))
        credentials = Credentials()
        gate.controls |= {
            "credentials": credentials.of_container,
            "role": credentials.of_role,
            "runner": self.use,
            "kill_tasks": lambda _: self.fargate.kill(),
            "forget_task": lambda wanted: self.fargate.forget(**wanted),
        }
        self.fargate = Fargate(url, folder, credentials, gate.admit, at_once)
        self.services = Services(self.fargate)
        stacks.install(Api(url))
        sessions.install()
        stack_groups.install()
        task_definitions.install()
        event_targets.install()
        self.fargate.install()
        self._http = make_server(
            "127.0.0.1", port, gate, threaded=True, request_handler=MotoRequestHandler
        )

    def use(self, wanted: dict[str, Any]) -> None:
        """Run later tasks in a folder of code, or in an image."""
        if wanted.get("code"):
            self.fargate.runner = ProcessRunner(Path(wanted["code"]))
        else:
            self.fargate.runner = ImageRunner(wanted["image"])

    def start(self) -> None:
        """Serve in the background."""
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        self.services.start()

    def close(self) -> None:
        """Start no more tasks, and end the processes of all tasks."""
        self.services.close()
        self.fargate.close()
        self._http.shutdown()
