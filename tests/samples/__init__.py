"""Small data, pipelines, repositories and files that tests work on."""
