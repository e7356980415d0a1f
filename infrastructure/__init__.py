"""What flows run on and against, as code."""
