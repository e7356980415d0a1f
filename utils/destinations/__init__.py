"""The named destinations: a module for each type, and pipelines into them."""
