"""Tests, mirroring the tree. See README.md here."""
