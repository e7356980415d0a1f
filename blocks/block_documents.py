"""Blocks: settings and secrets that Prefect keeps, and flows and automations load by name.

The types of these blocks come with every Prefect server and Prefect Cloud. They are used
as they are there, so that no library of a block has to be installed here. (prefect-snowflake
would be 29 MB more, five seconds to import, and slow down every Python beside it.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import BlockDocumentCreate, BlockDocumentUpdate
from prefect.client.schemas.objects import BlockDocument as Found
from prefect.exceptions import ObjectNotFound

from blocks.resource import Resource
from utils.differences import Fields, revealed
from utils.errors import ClearError


@dataclass(frozen=True)
class BlockDocument(Resource):
    """A block of this type, by name. Together they are how flows and people name it."""

    type: str
    document: str
    data: Fields
    references: dict[str, BlockDocument] = field(default_factory=dict)
    """Fields that are other blocks, which are made before this one."""

    kind = "block"

    @property
    def name(self) -> str:
        return f"{self.type}/{self.document}"

    @property
    def wanted(self) -> Fields:
        return self.data | {key: block.name for key, block in self.references.items()}

    def find(self, client: SyncPrefectClient) -> Fields | None:
        found = self._read(client)
        return found and found.data | {
            key: f"{other['block_type']['slug']}/{other['name']}"
            for key, reference in found.block_document_references.items()
            for other in [reference["block_document"]]
        }

    def create(self, client: SyncPrefectClient) -> None:
        try:
            type_id = client.read_block_type_by_slug(self.type).id
        except ObjectNotFound as error:
            raise ClearError(
                f"Prefect's server does not know blocks of the type {self.type}. It"
                " registers them when it starts, unless"
                " PREFECT_SERVER_API_BLOCKS_REGISTER_ON_START is off. Turn it on, and run"
                " this again: it changes only what is still to change."
            ) from error
        schema = client.get_most_recent_block_schema_for_block_type(type_id)
        client.create_block_document(
            BlockDocumentCreate(
                name=self.document,
                block_type_id=type_id,
                block_schema_id=schema.id,
                data=self._data_with_references(client),
            )
        )

    def update(self, client: SyncPrefectClient) -> None:
        client.update_block_document(
            self._id(client),
            BlockDocumentUpdate(
                data=self._data_with_references(client), merge_existing_data=False
            ),
        )

    def _data_with_references(self, client: SyncPrefectClient) -> Fields:
        return revealed(self.data) | {
            key: {"$ref": {"block_document_id": str(block._id(client))}}
            for key, block in self.references.items()
        }

    def _id(self, client: SyncPrefectClient) -> UUID:
        return client.read_block_document_by_name(self.document, self.type).id

    def _read(self, client: SyncPrefectClient) -> Found | None:
        try:
            return client.read_block_document_by_name(self.document, self.type)
        except ObjectNotFound:
            return None
