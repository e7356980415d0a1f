"""The whole platform, from its templates to completed runs."""
