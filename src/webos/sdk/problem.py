"""What OpenAPI is told of the errors of routes."""

from typing import Any

from pydantic import BaseModel, Field

__all__ = ["Problem", "problems"]

_MEDIA_TYPE = "application/problem+json"
_TITLES = {
    400: "The request cannot be read",
    401: "Nobody is signed in",
    403: "A permission is missing",
    404: "It does not exist, at least for this user",
    409: "It was changed meanwhile, a value is taken, or its state does not allow it",
    422: "The input does not fit",
    503: "Temporarily unavailable",
}


class Problem(BaseModel):
    """An error as an RFC 9457 problem document."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: dict[str, str] = Field(default_factory=dict, description="Messages for single fields.")
    trace_id: str = ""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may answer with problem documents.

    Args:
        statuses: HTTP statuses; that of a part that does not answer at the moment is always among them.
    """
    content = {_MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {status: {"description": _TITLES[status], "content": content} for status in (*statuses, 503)}
