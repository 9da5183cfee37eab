"""Events that survive: written in the emitter's transaction, delivered to each subscriber at least once."""
