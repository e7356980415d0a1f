"""What a commit changes in production, and doing it."""
