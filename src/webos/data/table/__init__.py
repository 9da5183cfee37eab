"""Tables over documents: columns from the model, filters and sorts from an allow-list, rows in blocks.

The grid of the interface and list interfaces of modules stand on this. Nothing here knows a browser.
"""

from webos.data.table.columns import Column, ColumnKind, columns_of
from webos.data.table.query import TableQuery
from webos.data.table.service import TableService
from webos.data.table.shown import closed_fields, shown_columns

__all__ = ["Column", "ColumnKind", "TableQuery", "TableService", "closed_fields", "columns_of", "shown_columns"]
