"""Files that queries are exported into, and the report of an export."""
