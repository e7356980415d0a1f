"""Small data, pipelines, repositories and files for tests."""
