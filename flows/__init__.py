"""Prefect flows: orchestration only, one module a flow."""
