"""What watch brings back to normal by itself."""
