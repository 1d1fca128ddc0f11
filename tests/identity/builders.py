"""Keys for tests, made as the command line makes them."""

from pathlib import Path

import httpx

from app.identity import DEFAULT_SHOP, KeyStore, Scope


def bearer(text: str) -> dict[str, str]:
    """The header that carries a key."""
    return {"authorization": f"Bearer {text}"}


def a_key(path: Path, *scopes: Scope, shop: str = DEFAULT_SHOP, origins: tuple[str, ...] = ()) -> str:
    """The text of a new key in the file; with all scopes where none is named."""
    wanted = scopes or (Scope.ADMIN,)
    return KeyStore(path).create(name="test", shop=shop, scopes=wanted, origins=origins).text


def code_of(response: httpx.Response) -> str:
    """The code of a problem, "" for any other answer."""
    return str(response.json()["code"]) if "problem" in response.headers.get("content-type", "") else ""
