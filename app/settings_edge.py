"""The settings that guard the server's edge: turns, rates, who is believed; a part of Settings, see app/settings.py."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from app.settings_catalog import sqlite_path_of

_ORIGIN = re.compile(r"https?://[a-z0-9._\[\]:-]+")


class EdgeSettings(BaseSettings):
    """How much is served at once and to whom."""

    search_slots: int = Field(
        default=0,
        ge=0,
        le=1024,
        description="Searches worked on at once per server process; `0` means as many as photos are decoded at once,"
        " sixteen times as many where outside sources are waited for.",
    )
    search_queue: int | None = Field(
        default=None,
        ge=0,
        le=10_000,
        description="Searches that may wait for a slot; more are answered 503 with `Retry-After`. None given means four"
        " a slot.",
    )
    rate_per_key: int = Field(
        default=6000,
        ge=0,
        le=10_000_000,
        description="Units a key may use a minute: a photo costs 10, a search by words 2, reading 1; `0` is no limit.",
    )
    rate_per_address: int = Field(
        default=600,
        ge=0,
        le=10_000_000,
        description="Units an address may use a minute, whatever its key; `0` is no limit. This machine's own address"
        " is never limited.",
    )
    rate_store: str = Field(
        default="sqlite:///data/rates.db",
        description="Where all server processes count them: `sqlite:///PATH`, or `redis://HOST:6379/0`, `rediss://…`"
        " for several machines.",
    )
    photo_urls: bool = Field(
        default=False,
        description="`true` lets callers name a photo by its address (`photo_url`): https, public addresses only, no"
        " redirects.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Addresses or networks of the proxies in front, separated by commas; only from them"
        " `X-Forwarded-For` is believed.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Origins whose pages may call, separated by commas, exactly as browsers write them:"
        " `https://shop.example`.",
    )

    @field_validator("trusted_proxies", "cors_origins", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(name for name in (part.strip() for part in value.split(",")) if name)

    @field_validator("rate_store")
    @classmethod
    def _known_rate_store(cls, value: str) -> str:
        if sqlite_path_of(value) is None and urlsplit(value).scheme not in ("redis", "rediss"):
            raise ValueError("write sqlite:///PATH, redis://HOST:6379/0 or rediss://HOST:6379/0")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network)
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin} is no origin: write scheme, host and port only, e.g. https://shop.example")
        return value

    @property
    def rate_path(self) -> Path | None:
        """The file `rate_store` names, or None when it names a Redis."""
        return sqlite_path_of(self.rate_store)

    @property
    def proxy_networks(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """The networks `trusted_proxies` names."""
        return tuple(ipaddress.ip_network(network) for network in self.trusted_proxies)
