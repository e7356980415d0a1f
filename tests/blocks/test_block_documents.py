"""Blocks on a real Prefect server: restored after changes by hand, and kept up to date."""

from __future__ import annotations

import pytest
from prefect.client.schemas.actions import BlockDocumentUpdate

from blocks.block_documents import BlockDocument
from blocks.server import Server
from tests.blocks.conftest import names
from utils.errors import ClearError


def test_a_block_changed_by_hand_is_reverted(blocks, prefect, secrets):
    blocks("apply")
    for document, kind, data in (
        ("slack", "webhook", {"url": "https://hooks.slack.com/by-hand"}),
        ("data-lake", "s3-bucket", {"bucket_name": "another"}),
        ("data-platform", "aws-credentials", {"aws_access_key_id": "by-hand"}),
    ):
        found = prefect.read_block_document_by_name(document, kind)
        prefect.update_block_document(
            found.id, BlockDocumentUpdate(data=data, merge_existing_data=True)
        )

    lines = blocks("apply")

    assert len(names(lines, "updated")) == 3
    assert "  bucket_name: another -> the-lake" in lines
    assert "  url: (secret) -> (secret, differs)" in lines
    assert "  aws_access_key_id: (not shown) -> none" in lines
    assert "by-hand" not in "\n".join(lines)
    assert blocks("plan")[-1].startswith("Nothing to change")


def test_a_rotated_secret_is_updated(blocks, prefect, secrets):
    blocks("apply")
    secrets.put("prefect/pagerduty-integration-key", "routing-key of another service")

    lines = blocks("apply")

    assert names(lines, "updated") == {"block webhook/pagerduty"}
    assert "  headers.X-Routing-Key: (secret) -> (secret, differs)" in lines


def test_a_server_that_does_not_know_a_type(prefect):
    block = BlockDocument("no-such-type", "name", {})
    with pytest.raises(ClearError, match="does not know blocks of the type no-such"):
        block.create(Server(prefect, [block.name]))
