"""Questions to AWS: client, secrets, stack. Knows neither Prefect nor dlt."""
