"""The data layer: documents, the guard every access goes through, links, changes, the database server.

It knows the kernel and must not import any other package.
"""
