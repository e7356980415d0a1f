"""Tests of the tree as a whole: settings, imports, README, image, deployments."""
