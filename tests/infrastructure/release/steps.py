"""Steps that the tests of releases share."""

from __future__ import annotations

from tests.fakes.http_server import Answer, Request, json_answer
from tests.infrastructure.release.production import Production
from tests.infrastructure.release.repository_of_tests import PRODUCTION

NAMES = {f"{flow}/production" for flow in PRODUCTION}


def release_the_house(production: Production) -> str:
    """Make the first release, and return its commit."""
    commit = production.repository.git("rev-parse", "HEAD")
    production.push(commit)
    production.release("apply")
    return commit


def refuse_changes(request: Request) -> Answer | None:
    """Answer in place of Prefect, where it is to fail half-way."""
    if request.method == "PATCH" and "/deployments/" in request.path:
        return json_answer({"detail": "The workspace is full"}, 422)
    return None


def without_orders(production: Production) -> None:
    """Commit the removal of the deployment of orders."""
    file = production.repository.read("prefect.yaml")
    production.repository.write(
        {"prefect.yaml": file.replace(PRODUCTION["orders"], "")}
    )
    production.repository.commit("Orders are loaded elsewhere")
