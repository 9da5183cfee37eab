"""The record of changes: who changed what, when and under which trace, and the way back.

The guard writes the entries (`webos.data.guard`); what reads them is here. It must not be imported by the guard but for
`journal`, `entry`, `operations`, `reveals`, `forecast`, `sameness` and `change_set`, which know nothing of documents or permissions.
"""
