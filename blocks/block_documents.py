"""Blocks: settings and secrets on Prefect's server that flows and automations load by name.

The types of these blocks come with every Prefect server and Prefect Cloud, so that no
library of a block has to be installed here. (prefect-snowflake would add 29 MB and five
seconds of import, and slow down every Python process beside it.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import BlockDocumentCreate, BlockDocumentUpdate
from prefect.client.schemas.objects import BlockDocument as ServerBlock
from prefect.exceptions import ObjectNotFound

from blocks.managed_object import ManagedObject
from utils.errors import ClearError
from utils.reports.differences import Fields, revealed

RESTART = (
    "The server registers them when it starts, unless"
    " PREFECT_SERVER_API_BLOCKS_REGISTER_ON_START is off. Turn that on, restart it and run"
    " this again: it continues where it stopped."
)

PUBLIC_FIELDS = re.compile(
    r"bucket_name|database|notify_type|region_name|schema|warehouse"
    r"|credentials(\.(account|role|user))?"
)


@dataclass(frozen=True)
class BlockDocument(ManagedObject):
    """A block with its settings, named by its type and its document's name."""

    type: str
    document: str
    data: Fields
    references: dict[str, BlockDocument] = field(default_factory=dict)
    """Fields that refer to other blocks. These are created before this one."""

    @property
    def label(self) -> str:
        """`block` and the block's name."""
        return f"block {self.name}"

    @property
    def name(self) -> str:
        """The name in Prefect's commands: `type/document`."""
        return f"{self.type}/{self.document}"

    @property
    def wanted(self) -> Fields:
        """The settings, with references as the names of blocks."""
        return self.data | {key: block.name for key, block in self.references.items()}

    @property
    def public_fields(self) -> re.Pattern[str]:
        """Settings that name things; any other one may hold a secret."""
        return PUBLIC_FIELDS

    def find(self, client: SyncPrefectClient) -> Fields | None:
        found = self._read(client)
        if found is None:
            return None
        return found.data | {
            key: f"{other['block_type']['slug']}/{other['name']}"
            for key, reference in found.block_document_references.items()
            for other in [reference["block_document"]]
        }

    def create(self, client: SyncPrefectClient) -> None:
        try:
            type_id = client.read_block_type_by_slug(self.type).id
        except ObjectNotFound as error:
            raise ClearError(
                f"Prefect's server does not know blocks of the type {self.type}. {RESTART}"
            ) from error
        schema = client.get_most_recent_block_schema_for_block_type(type_id)
        if schema is None:
            raise ClearError(
                f"Prefect's server has no schema for blocks of the type {self.type}, which"
                f" it registers with the type. {RESTART}"
            )
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

    def _read(self, client: SyncPrefectClient) -> ServerBlock | None:
        try:
            return client.read_block_document_by_name(self.document, self.type)
        except ObjectNotFound:
            return None
