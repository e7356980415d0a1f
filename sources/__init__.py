"""dlt sources: extraction only. They know neither Prefect nor a destination."""
