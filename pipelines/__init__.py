"""dlt pipelines: which source loads into which dataset of which destination."""
