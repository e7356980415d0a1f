"""Running a pipeline to its end: recovery, replacement, types, the report."""
