"""Releases: plans of commits, and what `apply` and `rollback` do in production."""
