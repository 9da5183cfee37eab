"""The settings of what stands between the server and the network: limits, hosts, proxies."""

import re
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode

__all__ = ["EdgeSettings", "scheme_of"]

_LIMIT = r"(?:off|[1-9][0-9]{0,8}/(?:[1-9][0-9]{0,5} ?)?(?:second|minute|hour|day)s?)"
_RATE_LIMIT = re.compile(rf"\s*(?:{_LIMIT}|[a-z][a-z0-9_]*={_LIMIT})(?:\s*,\s*[a-z][a-z0-9_]*={_LIMIT})*\s*")
_HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\]")


class EdgeSettings(BaseSettings):
    """What may come in, from whom, and how much of it."""

    rate_limit: str = Field(
        default="3000/minute",
        description="How often each user may ask the API of each module, `off` for no limit; and for single modules, "
        "`3000/minute, shop=100/minute`.",
    )
    rate_limit_store: SecretStr | None = Field(
        default=None,
        description="Redis server, `redis://...`, in which all processes count requests together. Without it each counts for itself.",
    )
    body_limit_mb: int = Field(default=10, ge=1, le=1024, description="Megabytes that one request may send.")
    upload_limit_mb: int = Field(
        default=2048, ge=1, le=1024 * 1024, description="Megabytes that a request with an upload may send."
    )
    trusted_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Host names under which the server answers, beside that of `WEBOS_PUBLIC_URL`, separated by commas; "
        "`*.example.com` for all below one. Without it any does.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Addresses or networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed, "
        "separated by commas.",
    )

    @field_validator("trusted_hosts", "trusted_proxies", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        return tuple(filter(None, (part.strip() for part in value.split(",")))) if isinstance(value, str) else value

    @field_validator("trusted_hosts")
    @classmethod
    def _check_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_HOST.fullmatch(host) for host in value):
            msg = "must be host names without port, such as tools.example.com, *.example.com"
            raise ValueError(msg)
        return tuple(host.lower() for host in value)

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in value:
            try:
                ip_network(proxy)
            except ValueError:
                msg = "must be addresses or networks, such as 127.0.0.1, 10.0.0.0/8"
                raise ValueError(msg) from None
        return value

    @field_validator("rate_limit")
    @classmethod
    def _check_rate_limit(cls, value: str) -> str:
        if not _RATE_LIMIT.fullmatch(value):
            msg = "must be off or a limit such as 3000/minute, then for single modules shop=100/minute, separated by commas"
            raise ValueError(msg)
        return value

    @field_validator("rate_limit_store")
    @classmethod
    def _check_rate_limit_store(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and scheme_of(value.get_secret_value()) not in {"redis", "rediss"}:
            msg = "must begin with redis:// or rediss://"
            raise ValueError(msg)
        return value


def scheme_of(url: str) -> str:
    """Return the scheme of an address; empty where it is none."""
    try:
        return urlsplit(url).scheme
    except ValueError:
        # Python's message may quote the address, and with it a password.
        return ""
