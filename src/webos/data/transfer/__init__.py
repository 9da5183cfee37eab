"""Import and export of documents as CSV, XLSX and JSON Lines, streamed both ways, under the rights of whoever acts.

It knows no tasks and no web: a task runs `TransferService.run`, a route streams `TransferService.export`.
"""

from webos.data.transfer.errors import UnreadableFileError
from webos.data.transfer.formats import FileFormat
from webos.data.transfer.options import DeletedMatch, EmptyCell, ExportOptions, ImportMode, ImportOptions, LinkForm
from webos.data.transfer.record import ImportRecord, ImportState
from webos.data.transfer.report import ImportReport
from webos.data.transfer.service import TransferService

__all__ = [
    "DeletedMatch",
    "EmptyCell",
    "ExportOptions",
    "FileFormat",
    "ImportMode",
    "ImportOptions",
    "ImportRecord",
    "ImportReport",
    "ImportState",
    "LinkForm",
    "TransferService",
    "UnreadableFileError",
]
