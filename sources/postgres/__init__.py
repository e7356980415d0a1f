"""Reading PostgreSQL: one snapshot, as Arrow."""
