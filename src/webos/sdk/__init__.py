"""The only import surface for modules."""
