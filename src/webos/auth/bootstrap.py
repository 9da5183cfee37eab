"""The first administrator, made at the first start."""

import sys
from secrets import token_urlsafe

from loguru import logger

from webos.auth.errors import UsernameTakenError
from webos.auth.service import AuthService
from webos.kernel.errors import StartupError
from webos.kernel.settings import Settings

__all__ = ["ensure_administrator"]

_PASSWORD_BYTES = 12


async def ensure_administrator(auth: AuthService, settings: Settings) -> None:
    """Make the first administrator if there is no superuser; of two processes at once, one does.

    The password comes from the settings. Without one a random password is made and printed to standard error, once: it is
    not logged, for logs are kept and shown.

    Args:
        auth: Accounts and sessions, started.
        settings: The settings of the process.

    Raises:
        StartupError: The user name belongs to somebody who is no administrator.
    """
    if await auth.accounts.has_superuser():
        return
    username = settings.admin_username
    chosen = settings.admin_password
    password = chosen.get_secret_value() if chosen is not None else token_urlsafe(_PASSWORD_BYTES)
    try:
        await auth.create_user(
            username, password, display_name="Administrator", is_superuser=True, first_administrator=True
        )
    except UsernameTakenError:
        if not await auth.accounts.has_superuser():
            msg = (
                f"There is no administrator, and none can be made as {username!r}. Run "
                "`webos user create NAME --superuser`, or set WEBOS_ADMIN_USERNAME to a name that is free."
            )
            raise StartupError(msg) from None
        return
    if chosen is None:
        _print_once(username, password)
    else:
        logger.info("the first administrator {} has the password from WEBOS_ADMIN_PASSWORD", username)


def _print_once(username: str, password: str) -> None:
    lines = [
        "First administrator",
        "",
        f"User name  {username}",
        f"Password   {password}",
        "",
        "It is shown only now. Change it with:",
        f"  webos user password {username}",
    ]
    width = max(len(line) for line in lines)
    box = [f"┌{'─' * (width + 4)}┐", *(f"│  {line.ljust(width)}  │" for line in lines), f"└{'─' * (width + 4)}┘"]
    text = "\n".join(["", *box, ""])
    encoding = sys.stderr.encoding or "ascii"
    if text.encode(encoding, "ignore").decode(encoding) != text:
        text = text.translate(str.maketrans("┌┐└┘│─", "++++|-"))
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the log would keep the password
