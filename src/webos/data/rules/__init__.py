"""Permission rules of single documents and fields, declared in a model's `Settings`.

One row rule has two forms: a filter for the database and a check of a document at hand; both follow from the same
condition. Nothing here reads the database.
"""

from webos.data.rules.acting import ACTING
from webos.data.rules.rule import Rule

__all__ = ["ACTING", "Rule"]
