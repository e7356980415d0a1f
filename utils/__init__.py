"""What flows, pipelines and sources share, one purpose a module."""
