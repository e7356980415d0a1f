"""Real servers for tests, and functions that read their content."""
