"""Reading what a browser answers with a passkey: the field `answer` of a form, or of a JSON object."""

from collections.abc import Sequence
from typing import Any

import orjson
from starlette.requests import Request

from webos.auth.factors.errors import PasskeyRefusedError
from webos.auth.sent_fields import read_fields

__all__ = ["read_answer"]


async def read_answer(request: Request, names: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the answer, which is JSON in a text, and the other fields.

    Args:
        request: The request.
        names: Names of the other fields.

    Raises:
        InvalidInputError: The body is too large, no form and no JSON object, or a field is no text.
        PasskeyRefusedError: The answer is no JSON object.
    """
    fields = await read_fields(request, ("answer", *names))
    try:
        answer = orjson.loads(fields.pop("answer"))
    except orjson.JSONDecodeError:
        raise PasskeyRefusedError from None
    if not isinstance(answer, dict):
        raise PasskeyRefusedError
    return answer, fields
