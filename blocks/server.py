"""Prefect's server as a plan finds it: all objects of a kind are read at once.

One request for each object would be some 60 for a first `apply`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Iterable, Iterator
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import (
    BlockDocument,
    BlockSchema,
    BlockType,
    WorkPool,
)
from prefect.events.schemas.automations import Automation

from utils.runs.prefect_server import read_all

if TYPE_CHECKING:
    from prefect.client.orchestration.routes import ServerRoutes


class Server:
    """Objects on the server, read when a kind is first asked for.

    A plan is made with one of these and carried out with another one, which sees what
    people have changed since then.
    """

    def __init__(self, client: SyncPrefectClient, blocks: Iterable[str] = ()) -> None:
        """Read nothing yet.

        Args:
            client: Client of the server.
            blocks: Blocks to read, as `type/document`. Others have secrets of others.
        """
        self.client = client
        names = [each.split("/") for each in blocks]
        self._types = sorted({type for type, _ in names})
        self._documents = sorted({document for _, document in names})

    @cached_property
    def work_pools(self) -> dict[str, WorkPool]:
        """All work pools by name."""
        return {each.name: each for each in read_all(self.client.read_work_pools)}

    @cached_property
    def automations(self) -> list[Automation]:
        """All automations, in a lasting order."""
        found = read_all(self.client.read_automations)
        return sorted(found, key=lambda each: each.id)

    @cached_property
    def blocks(self) -> dict[str, BlockDocument]:
        """Blocks by `type/document`, with their secrets. Whoever creates one adds it."""
        found = self._filtered(
            "/block_documents/filter",
            block_types={"slug": {"any_": self._types}},
            block_documents={"name": {"any_": self._documents}},
            include_secrets=True,
        )
        blocks = map(BlockDocument.model_validate, found)
        return {
            f"{each.block_type.slug}/{each.name}": each
            for each in blocks
            if each.block_type
        }

    @cached_property
    def block_types(self) -> dict[str, BlockType]:
        """Types of the blocks by slug."""
        asked = {"slug": {"any_": self._types}}
        found = self._filtered("/block_types/filter", block_types=asked)
        return {each.slug: each for each in map(BlockType.model_validate, found)}

    @cached_property
    def block_schemas(self) -> dict[UUID, BlockSchema]:
        """The newest schema of each of the types, by the type's id."""
        asked = {
            "block_type_id": {
                "any_": [str(each.id) for each in self.block_types.values()]
            }
        }
        found = self._filtered("/block_schemas/filter", block_schemas=asked)
        newest: dict[UUID, BlockSchema] = {}
        for each in map(BlockSchema.model_validate, found):  # the newest first
            if each.block_type_id:
                newest.setdefault(each.block_type_id, each)
        return newest

    def _filtered(self, path: ServerRoutes, **asked: Any) -> Iterator[dict[str, Any]]:
        """Yield what the server finds, for which its client has no method."""

        def page(limit: int, offset: int) -> list[dict[str, Any]]:
            body = asked | {"limit": limit, "offset": offset}
            found: list[dict[str, Any]] = self.client.request(
                "POST", path, json=body
            ).json()
            return found

        return read_all(page)
