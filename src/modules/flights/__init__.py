"""Flights from New York in 2013: the example with real data."""
