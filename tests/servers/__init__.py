"""Real servers that tests start, and looks into them."""
