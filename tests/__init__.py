"""Tests, which mirror the tree. See tests/README.md."""
