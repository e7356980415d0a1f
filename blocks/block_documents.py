"""Blocks: settings and secrets on Prefect's server that flows and automations load by name.

The types of these blocks come with every Prefect server and Prefect Cloud, so that no
library of a block has to be installed here. (prefect-snowflake would add 29 MB and five
seconds of import, and slow down every Python process beside it.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from prefect.client.schemas.actions import BlockDocumentCreate, BlockDocumentUpdate

from blocks.managed_object import ManagedObject
from blocks.server import Server
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

    def find(self, server: Server) -> Fields | None:
        found = server.blocks.get(self.name)
        if found is None:
            return None
        return found.data | {
            key: f"{other['block_type']['slug']}/{other['name']}"
            for key, reference in found.block_document_references.items()
            for other in [reference["block_document"]]
        }

    def create(self, server: Server) -> None:
        type = server.block_types.get(self.type)
        if type is None:
            raise ClearError(
                f"Prefect's server does not know blocks of the type {self.type}. {RESTART}"
            )
        schema = server.block_schemas.get(type.id)
        if schema is None:
            raise ClearError(
                f"Prefect's server has no schema for blocks of the type {self.type}, which"
                f" it registers with the type. {RESTART}"
            )
        server.blocks[self.name] = server.client.create_block_document(
            BlockDocumentCreate(
                name=self.document,
                block_type_id=type.id,
                block_schema_id=schema.id,
                data=self._data_with_references(server),
            )
        )

    def update(self, server: Server) -> None:
        server.client.update_block_document(
            server.blocks[self.name].id,
            BlockDocumentUpdate(
                data=self._data_with_references(server), merge_existing_data=False
            ),
        )

    def _data_with_references(self, server: Server) -> Fields:
        return revealed(self.data) | {
            key: {"$ref": {"block_document_id": str(server.blocks[block.name].id)}}
            for key, block in self.references.items()
        }
