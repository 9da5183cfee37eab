"""Durable background tasks: broker, worker, progress.

It knows the kernel, the data layer and the events.
"""
