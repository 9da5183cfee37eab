"""The workshop: the module whose writing is measured."""
