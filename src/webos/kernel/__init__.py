"""The kernel: settings, errors, context, logging, services, hooks and the module loader.

It owns what every other package stands on and must not import any of them.
"""
