"""Reading what somebody sent to sign in: a form of the page, or JSON of a program."""

from dataclasses import dataclass, field

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from webos.auth.sent_fields import read_body, read_fields
from webos.kernel.errors import InvalidInputError

__all__ = ["SignInRequest"]

_FIELDS = {"username": "Enter your user name", "password": "Enter your password"}


class _JsonBody(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    username: str = Field(min_length=1)
    password: str = Field(min_length=1)
    otp: str = ""


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """What somebody entered.

    Attributes:
        username: The user name.
        password: The password.
        target: Where to go afterwards, unchecked.
        otp: Code of the second factor; empty where it is asked for afterwards.
    """

    username: str
    password: str = field(repr=False)
    target: str = ""
    otp: str = field(default="", repr=False)

    @classmethod
    async def from_json(cls, request: Request) -> "SignInRequest":
        """Return what a JSON body says.

        Raises:
            InvalidInputError: It is no JSON object with `username` and `password`, both text and not empty.
        """
        try:
            body = _JsonBody.model_validate(orjson.loads(await read_body(request)))
        except orjson.JSONDecodeError:
            msg = "The body is not valid JSON"
            raise InvalidInputError(msg) from None
        except ValidationError as error:
            wrong = {str(part["loc"][0]) if part["loc"] else "body" for part in error.errors(include_input=False)}
            raise InvalidInputError(
                fields={name: _FIELDS.get(name, "Send an object") for name in sorted(wrong)}
            ) from None
        return cls(body.username, body.password, otp=body.otp)

    @classmethod
    async def from_form(cls, request: Request) -> "SignInRequest":
        """Return what the fields of a form say; those that are missing are empty.

        Raises:
            InvalidInputError: The form is too large.
        """
        fields = await read_fields(request, ("username", "password", "next"))
        return cls(fields["username"].strip(), fields["password"], fields["next"])
