"""Airports and the weather at them."""
