"""Reading the fields of a form or of a JSON object."""

from collections.abc import Sequence
from urllib.parse import parse_qs

import orjson
from starlette.requests import Request

from webos.kernel.errors import InvalidInputError

__all__ = ["read_fields", "sent_form", "sent_json"]

_LARGEST_BODY = 16 * 1024
_MOST_FIELDS = 20


async def read_fields(request: Request, names: Sequence[str]) -> dict[str, str]:
    """Return the named fields of the body, those that are missing as empty texts; all others are ignored.

    Raises:
        InvalidInputError: The body is too large, no form and no JSON object, or a field is no text.
    """
    body = await read_body(request)
    if sent_json(request):
        return _from_json(body, names)
    try:
        sent = parse_qs(body.decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        msg = "The form has too many fields"
        raise InvalidInputError(msg) from None
    return {name: sent.get(name, [""])[0] for name in names}


def _from_json(body: bytes, names: Sequence[str]) -> dict[str, str]:
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError:
        msg = "The body is not valid JSON"
        raise InvalidInputError(msg) from None
    if not isinstance(sent, dict):
        raise InvalidInputError(fields={"body": "Send an object"})
    found = {name: sent.get(name, "") for name in names}
    wrong = {name: "Send text" for name, value in found.items() if not isinstance(value, str)}
    if wrong:
        raise InvalidInputError(fields=wrong)
    return found


async def read_body(request: Request) -> bytes:
    """Return the body.

    Raises:
        InvalidInputError: It is larger than any form here.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            msg = "The request is too large"
            raise InvalidInputError(msg)
    return bytes(body)


def sent_json(request: Request) -> bool:
    """Return whether the body is JSON."""
    return _content_type(request) == "application/json"


def sent_form(request: Request) -> bool:
    """Return whether the body is that of an HTML form."""
    return _content_type(request) in {"application/x-www-form-urlencoded", "multipart/form-data"}


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
