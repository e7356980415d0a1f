"""Fake docker: services of a Compose file run here as processes."""
