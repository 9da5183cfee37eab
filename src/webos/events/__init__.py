"""Events between modules: the envelope and the in-process bus.

It knows the kernel and the data layer.
"""
