"""A log of flights: the module that is measured."""
