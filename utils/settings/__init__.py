"""Settings: bounds, and errors of those that are missing or malformed."""
