"""Objects on a real Prefect server: how few requests they take, and which are read."""

from __future__ import annotations

import pytest
from prefect.client.schemas.actions import BlockDocumentCreate

from blocks.server import Server
from tests.blocks.conftest import changes

READ = {
    *("GET /api/health", "GET /api/csrf-token"),
    "POST /api/work_pools/filter",
    "POST /api/block_documents/filter",
    "POST /api/automations/filter",
}


@pytest.mark.slow
def test_each_kind_is_read_at_once(blocks, prefect, secrets, requests):
    blocks("apply")
    reads = sorted(set(requests) - set(changes(requests)))
    assert reads == sorted(
        {*READ, "POST /api/block_types/filter", "POST /api/block_schemas/filter"}
    )
    # For the plan, and for the block that refers to another one, or is referred to.
    asked = [each for each in requests if each in reads]
    assert len(asked) == len(reads) + 1

    requests.clear()
    blocks("apply")

    assert sorted(requests) == sorted(READ)


def test_only_blocks_of_the_names_are_read(prefect):
    """Others have secrets of others."""
    create(prefect, "webhook", "slack")
    others = ("webhook", "mine"), ("secret", "slack")
    for type, name in others:
        create(prefect, type, name)
    try:
        server = Server(prefect, ["webhook/slack", "webhook/pagerduty"])
        assert set(server.blocks) == {"webhook/slack"}
    finally:
        for type, name in others:
            found = prefect.read_block_document_by_name(name, type)
            prefect.delete_block_document(found.id)


def create(prefect, type: str, name: str) -> None:
    id = prefect.read_block_type_by_slug(type).id
    schema = prefect.get_most_recent_block_schema_for_block_type(id)
    data = {"url": "https://example.org"} if type == "webhook" else {"value": "a"}
    prefect.create_block_document(
        BlockDocumentCreate(
            name=name, block_type_id=id, block_schema_id=schema.id, data=data
        )
    )


def test_the_newest_schema_of_each_type(prefect):
    slugs = ["webhook", "s3-bucket", "snowflake-connector"]
    server = Server(prefect, [f"{slug}/name" for slug in slugs])
    for slug in slugs:
        type = server.block_types[slug]
        newest = prefect.get_most_recent_block_schema_for_block_type(type.id)
        assert newest and server.block_schemas[type.id].id == newest.id
