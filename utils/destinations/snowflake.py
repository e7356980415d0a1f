"""Snowflake, which needs little beyond its settings in .dlt/config.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dlt

from utils.destinations.destination_type import DestinationType

if TYPE_CHECKING:
    from utils.destinations.views import View


class Snowflake(DestinationType):
    """A warehouse in Snowflake."""

    def replace_view(self, pipeline: dlt.Pipeline, view: View) -> None:
        """Create or replace a view; its readers keep their rights."""
        with pipeline.sql_client() as client:
            name = client.make_qualified_table_name(view.name)
            query = view.query(client, view.columns)
            client.execute_sql(f"CREATE OR REPLACE VIEW {name} COPY GRANTS AS {query}")


SNOWFLAKE = Snowflake("snowflake", drivers=("snowflake",))
