"""A new artifact of the current run."""

from __future__ import annotations

from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import ArtifactCreate
from prefect.utilities.context import get_task_and_flow_run_ids


def create_artifact(
    client: SyncPrefectClient,
    type: str,
    name: str,
    data: str | float,
    description: str,
    metadata: dict[str, str] | None = None,
) -> UUID:
    """Create an artifact of the current run, and return its id.

    Prefect's own functions have no parameters for metadata and for the client.

    Args:
        client: Client of Prefect's API.
        type: Prefect's name of its form: `table` or `progress`.
        name: Name that becomes the artifact's key, in which later ones are its versions.
        data: Rows as JSON, or the percentage.
        description: Text above it, in Markdown.
        metadata: What a program reads of it. Prefect cuts values after 500 characters.
    """
    task_run_id, flow_run_id = get_task_and_flow_run_ids()
    artifact = ArtifactCreate(
        # lowercase letters, digits and dashes, as Prefect demands
        key=name.lower().replace("_", "-"),
        type=type,
        data=data,
        description=description,
        metadata_=metadata,
        flow_run_id=flow_run_id,
        task_run_id=task_run_id,
    )
    return client.create_artifact(artifact).id
