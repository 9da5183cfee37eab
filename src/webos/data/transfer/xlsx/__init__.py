"""Workbooks (.xlsx), read and written as a stream with memory that does not grow with their size.

Libraries for this either keep all cells or all texts in memory, or write to a temporary file first. The part of the
format that a table needs is small: a zip of XML, which the standard library reads and writes as a stream.
"""

from webos.data.transfer.xlsx.source import XlsxSource
from webos.data.transfer.xlsx.writer import MOST_ROWS, WorkbookWriter

__all__ = ["MOST_ROWS", "WorkbookWriter", "XlsxSource"]
