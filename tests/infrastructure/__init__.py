"""AWS's side as code, and what its tests share."""
