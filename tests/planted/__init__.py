"""Planted secrets: failures of every kind, and a search of everything that they leave."""
