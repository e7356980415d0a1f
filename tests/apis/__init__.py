"""APIs that the tests play, each as its public documentation says."""
