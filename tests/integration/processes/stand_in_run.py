"""`webos run` with the stand-in web process."""

import asyncio
import sys
from pathlib import Path

from webos.cli.main import report
from webos.kernel.errors import WebOSError
from webos.kernel.log import configure_logging
from webos.kernel.settings import load_settings
from webos.server.supervisor import Supervisor

if __name__ == "__main__":
    configure_logging()
    web = (sys.executable, str(Path(__file__).with_name("stand_in_web.py")))
    try:
        sys.exit(asyncio.run(Supervisor(load_settings(), web_command=web).run()))
    except WebOSError as error:
        sys.exit(report(error))
