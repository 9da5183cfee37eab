"""Errors on their way out: every one becomes an RFC 9457 problem document, none a traceback."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from loguru import logger
from pydantic import ValidationError
from pymongo.errors import ConnectionFailure, ServerSelectionTimeoutError
from slowapi.errors import RateLimitExceeded
from starlette.exceptions import HTTPException

from webos.auth.limits import error_of
from webos.data.guard.refusal import GuardRefusalError
from webos.kernel.context import current_trace_id
from webos.kernel.errors import InvalidInputError, UnavailableError, WebOSError

__all__ = ["PROBLEM_MEDIA_TYPE", "install_problem_handlers", "problem_response"]

PROBLEM_MEDIA_TYPE = "application/problem+json"


def problem_response(error: WebOSError) -> JSONResponse:
    """Return `error` as an HTTP answer."""
    return JSONResponse(error.problem(current_trace_id()), status_code=error.status, media_type=PROBLEM_MEDIA_TYPE)


def field_messages(errors: Sequence[Any]) -> dict[str, str]:
    """Return the messages of Pydantic errors by the dotted name of their field; input values are left out."""
    messages: dict[str, str] = {}
    for error in errors:
        path = [str(part) for part in error["loc"] if part not in {"body", "query", "path", "header", "cookie"}]
        messages.setdefault(".".join(path) or "input", str(error["msg"]).removeprefix("Value error, "))
    return messages


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document."""

    @app.exception_handler(WebOSError)
    async def _known(_: Request, error: WebOSError) -> JSONResponse:
        if isinstance(error, (UnavailableError, GuardRefusalError)):
            # Of the latter, the user is told only that it is not allowed.
            logger.warning("{}", error)
        elif error.status >= 500:  # noqa: PLR2004 - HTTP's own boundary
            logger.opt(exception=error).error("{}", error)
        return problem_response(error)

    @app.exception_handler(RequestValidationError)
    async def _invalid_request(_: Request, error: RequestValidationError) -> JSONResponse:
        return problem_response(InvalidInputError(fields=field_messages(error.errors())))

    @app.exception_handler(ValidationError)
    async def _invalid_model(_: Request, error: ValidationError) -> JSONResponse:
        return problem_response(InvalidInputError(fields=field_messages(error.errors())))

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        document = {
            "type": "about:blank",
            "title": str(error.detail),
            "status": error.status_code,
            "detail": str(error.detail),
            "code": f"http.{error.status_code}",
            "trace_id": current_trace_id(),
        }
        return JSONResponse(document, error.status_code, headers=error.headers, media_type=PROBLEM_MEDIA_TYPE)

    @app.exception_handler(RateLimitExceeded)
    async def _too_often(_: Request, exceeded: RateLimitExceeded) -> JSONResponse:
        error = error_of(exceeded)
        answer = problem_response(error)
        answer.headers["retry-after"] = str(error.retry_after)
        return answer

    async def _database_away(_: Request, error: Exception) -> JSONResponse:
        logger.warning("the database does not answer: {}", type(error).__name__)
        return problem_response(UnavailableError("the database does not answer"))

    app.add_exception_handler(ConnectionFailure, _database_away)
    app.add_exception_handler(ServerSelectionTimeoutError, _database_away)

    @app.exception_handler(Exception)
    async def _unknown(_: Request, error: Exception) -> JSONResponse:
        logger.opt(exception=error).error("a request failed")
        return problem_response(WebOSError())
