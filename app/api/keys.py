"""Keys over HTTP, for whoever holds an `admin` key: made, listed, rotated, revoked; those of the caller's own shop."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Body, Path
from pydantic import Field

from app.api.openapi import body_problems, example, keep_nulls, problems
from app.api.schemas import Wire
from app.edge import InvalidJson, InvalidRequest, KeyRingDep, ShopDep, UnsupportedMediaType
from app.identity import Issued, Key, KeyNotFound, KeyRefused, KeyRing, KeysUnavailable, Scope

ScopeWord = Literal["search", "catalog:write", "insights:read", "admin"]
KeyId = Annotated[str, Path(min_length=1, max_length=64, description="The key's id.", examples=["3kTz0QhB2a"])]

_KEY: Final[dict[str, Any]] = {
    "id": "3kTz0QhB2a",
    "name": "app",
    "shop": "default",
    "state": "active",
    "scopes": ["search"],
    "origins": [],
    "created_at": "2026-11-21T03:03:03Z",
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": None,
    "replaces": None,
}
_ISSUED: Final[dict[str, Any]] = {"key": _KEY, "text": "akin_live_3kTz0QhB2a_…"}
_ORDER: Final[dict[str, Any]] = {"name": "app", "scopes": ["search"], "expires_in_days": 90}


class KeyModel(Wire):
    """What is known of a key, without its text."""

    id: str
    name: str
    shop: str
    state: Literal["active", "expired", "revoked"]
    scopes: list[ScopeWord]
    origins: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    replaces: str | None = Field(description="Id of the key it was rotated from.")


class KeyList(Wire):
    """All keys of the shop that were ever made, newest first."""

    keys: list[KeyModel]


class IssuedModel(Wire):
    """A new key. `text` is shown this once: only its hash is kept."""

    key: KeyModel
    text: str


class KeyOrder(Wire):
    """A key to make."""

    name: str = Field(min_length=1, max_length=100, description="Who uses it, in a few words.")
    scopes: list[ScopeWord] = Field(min_length=1, max_length=4)
    origins: list[Annotated[str, Field(max_length=200)]] = Field(
        default=[], max_length=20, description="Of web pages: makes it a browser's key, for `search` only."
    )
    expires_in_days: float | None = Field(default=None, gt=0, le=3650, description="Null: it does not expire.")


class Rotation(Wire):
    """How to change over."""

    overlap_hours: float = Field(default=24, ge=0, le=24 * 90, description="How long the old key works on.")


router = APIRouter(prefix="/keys", tags=["keys"])


@router.get(
    "",
    operation_id="listKeys",
    summary="List the keys",
    responses={**example("one", "One key", {"keys": [_KEY]}), **problems(KeysUnavailable)},
)
async def list_keys(ring: KeyRingDep, shop: ShopDep) -> KeyList:
    """Those of the caller's shop; when a key was used last is known to ten seconds."""
    found = await asyncio.to_thread(ring.store.keys)
    return KeyList(keys=[key_model(one) for one in found if one.shop == shop.id])


@router.post(
    "",
    operation_id="createKey",
    summary="Make a key",
    status_code=201,
    responses={
        201: {"content": {"application/json": {"examples": {"made": {"value": keep_nulls(_ISSUED)}}}}},
        **body_problems(InvalidJson, InvalidRequest, UnsupportedMediaType, KeyRefused, KeysUnavailable),
    },
)
async def create_key(
    order: Annotated[KeyOrder, Body(openapi_examples={"app": {"value": _ORDER}})], ring: KeyRingDep, shop: ShopDep
) -> IssuedModel:
    """The first key ever made closes the server to everybody without one, so it must be an `admin` key."""
    if ring.is_open and "admin" not in order.scopes:
        raise KeyRefused(
            "The first key closes this server to everybody without one, and this one could make no other.",
            fix="Make a key with the scope admin first.",
        )
    issued = await asyncio.to_thread(
        ring.store.create,
        name=order.name,
        shop=shop.id,
        scopes=[Scope(one) for one in order.scopes],
        origins=order.origins,
        lives_for=timedelta(days=order.expires_in_days) if order.expires_in_days is not None else None,
    )
    return await _issued(ring, issued)


@router.post(
    "/{key_id}/rotate",
    operation_id="rotateKey",
    summary="Change a key for a new one",
    status_code=201,
    responses={
        201: {"content": {"application/json": {"examples": {"made": {"value": keep_nulls(_ISSUED)}}}}},
        **body_problems(InvalidJson, InvalidRequest, UnsupportedMediaType, KeyNotFound, KeyRefused, KeysUnavailable),
    },
)
async def rotate_key(
    key_id: KeyId,
    rotation: Annotated[Rotation, Body(openapi_examples={"day": {"value": {"overlap_hours": 24}}})],
    ring: KeyRingDep,
    shop: ShopDep,
) -> IssuedModel:
    """The new key is like the old one, which works on for a while so that callers can change over."""
    await _refuse_other_shops(ring, key_id, shop.id)
    overlap = timedelta(hours=rotation.overlap_hours)
    return await _issued(ring, await asyncio.to_thread(ring.store.rotate, key_id, overlap=overlap))


@router.delete(
    "/{key_id}",
    operation_id="revokeKey",
    summary="Revoke a key",
    responses={
        **example("revoked", "It opens nothing any more", {**_KEY, "state": "revoked"}),
        **problems(InvalidRequest, KeyNotFound, KeysUnavailable),
    },
)
async def revoke_key(key_id: KeyId, ring: KeyRingDep, shop: ShopDep) -> KeyModel:
    """For good, in all server processes within 5 seconds. The key that asks may revoke itself."""
    await _refuse_other_shops(ring, key_id, shop.id)
    revoked = await asyncio.to_thread(ring.store.revoke, key_id)
    await ring.begin()
    return key_model(revoked)


def key_model(key: Key) -> KeyModel:
    """A key on the wire."""
    return KeyModel(
        id=key.id,
        name=key.name,
        shop=key.shop,
        state=key.state(datetime.now(UTC)).value,
        scopes=sorted(scope.value for scope in key.scopes),
        origins=list(key.origins),
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
        replaces=key.replaces,
    )


async def _issued(ring: KeyRing, issued: Issued) -> IssuedModel:
    await ring.begin()  # this process knows it at once; the others within 5 seconds
    return IssuedModel(key=key_model(issued.key), text=issued.text)


async def _refuse_other_shops(ring: KeyRing, key_id: str, shop: str) -> None:
    """A key of another shop is not there for this caller."""
    known = await asyncio.to_thread(ring.store.keys)
    if not any(one.id == key_id and one.shop == shop for one in known):
        raise KeyNotFound("There is no such key.", fix="GET /keys lists all.")
