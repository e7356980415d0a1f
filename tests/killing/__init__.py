"""Runs that are killed or terminated, and what the next run makes of it."""
