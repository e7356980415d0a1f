"""Killed and terminated runs, and the reruns after them."""
