"""Reading what somebody sent to sign in: a form of the page, or JSON of a program."""

from dataclasses import dataclass, field
from urllib.parse import parse_qs

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from webos.kernel.errors import InvalidInputError

__all__ = ["SignInRequest", "sent_form", "sent_json"]

_LARGEST_BODY = 16 * 1024
_MOST_FIELDS = 20
_FIELDS = {"username": "Enter your user name", "password": "Enter your password"}


class _JsonBody(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    username: str = Field(min_length=1)
    password: str = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """What somebody entered.

    Attributes:
        username: The user name.
        password: The password.
        target: Where to go afterwards, unchecked.
    """

    username: str
    password: str = field(repr=False)
    target: str = ""

    @classmethod
    async def from_json(cls, request: Request) -> "SignInRequest":
        """Return what a JSON body says.

        Raises:
            InvalidInputError: It is no JSON object with `username` and `password`, both text and not empty.
        """
        try:
            body = _JsonBody.model_validate(orjson.loads(await _read(request)))
        except orjson.JSONDecodeError:
            msg = "The body is not valid JSON"
            raise InvalidInputError(msg) from None
        except ValidationError as error:
            wrong = {str(part["loc"][0]) if part["loc"] else "body" for part in error.errors(include_input=False)}
            raise InvalidInputError(
                fields={name: _FIELDS.get(name, "Send an object") for name in sorted(wrong)}
            ) from None
        return cls(body.username, body.password)

    @classmethod
    async def from_form(cls, request: Request) -> "SignInRequest":
        """Return what the fields of a form say; those that are missing are empty.

        Raises:
            InvalidInputError: The form is too large.
        """
        content = (await _read(request)).decode("utf-8", "replace")
        try:
            fields = {name: values[0] for name, values in parse_qs(content, max_num_fields=_MOST_FIELDS).items()}
        except ValueError:
            msg = "The form has too many fields"
            raise InvalidInputError(msg) from None
        return cls(fields.get("username", "").strip(), fields.get("password", ""), fields.get("next", ""))


def sent_json(request: Request) -> bool:
    """Return whether the body is JSON."""
    return _content_type(request) == "application/json"


def sent_form(request: Request) -> bool:
    """Return whether the body is that of an HTML form."""
    return _content_type(request) in {"application/x-www-form-urlencoded", "multipart/form-data"}


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            msg = "The request is too large"
            raise InvalidInputError(msg)
    return bytes(body)
