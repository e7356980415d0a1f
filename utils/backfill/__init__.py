"""Chunks of a range of days, each a run of a deployment."""
