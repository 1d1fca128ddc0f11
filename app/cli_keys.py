"""`akin keys`: made, listed, rotated, revoked. A key is printed once, by the command that makes it."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.errors import BadRequest
from app.identity import Issued, Key, KeyStore, Scope
from app.settings import InvalidSettings, load_settings
from app.shops import shops_of

keys = typer.Typer(no_args_is_help=True, help="API keys: make them, list them, rotate them, revoke them.")

_SPAN = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `akin keys list` shows it.")]


@keys.command(
    epilog="Examples:  akin keys create --name app --scope search   |   "
    "akin keys create --name widget --scope search --origin https://shop.example"
)
def create(
    scope: Annotated[list[Scope], typer.Option(help="What it may be used for; may be given more than once.")],
    name: Annotated[str, typer.Option(help="Who uses it, in a few words.")] = "unnamed",
    origin: Annotated[
        list[str] | None, typer.Option(help="A web page's origin: makes it a browser's key, for its pages only.")
    ] = None,
    shop: Annotated[str, typer.Option(help="The shop whose data it opens, one of those AKIN_SHOPS names.")] = "",
    expires: Annotated[
        str, typer.Option(metavar="SPAN", help="How long it lives, e.g. 90d or 12h; never expires.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it. It is shown this once: only its hash is kept."""
    issued = _store().create(
        name=name,
        shop=_known_shop(shop),
        scopes=scope,
        origins=origin or (),
        lives_for=_span(expires) if expires else None,
    )
    _show(issued, as_json=as_json)


@keys.command("list", epilog="Examples:  akin keys list   |   akin keys list --json")
def list_keys(as_json: JsonOption = False) -> None:
    """List all keys that were ever made, newest first. When a key was used last is known to ten seconds."""
    now = datetime.now(UTC)
    found = _store().keys()
    if as_json:
        typer.echo(json.dumps([_facts(one, now) for one in found], indent=2))
        return
    table = Table("id", "name", "shop", "state", "scopes", "origins", "made", "expires", "last used", box=None)
    for one in found:
        table.add_row(
            one.id,
            escape(one.name),
            one.shop,
            one.state(now).value,
            " ".join(sorted(one.scopes)),
            escape(" ".join(one.origins)),
            _shown(one.created_at),
            _shown(one.expires_at),
            _shown(one.last_used_at),
        )
    Console().print(table)


@keys.command(epilog="Examples:  akin keys rotate 3kTz0QhB2a   |   akin keys rotate 3kTz0QhB2a --overlap 7d")
def rotate(
    key_id: IdArgument,
    overlap: Annotated[
        str, typer.Option(metavar="SPAN", help="How long the old key works on, e.g. 24h, 7d, 0s.")
    ] = "24h",
    as_json: JsonOption = False,
) -> None:
    """Make a key like this one and print it; the old one works on meanwhile, so that callers can change over."""
    _show(_store().rotate(key_id, overlap=_span(overlap)), as_json=as_json)


@keys.command(epilog="Example:  akin keys revoke 3kTz0QhB2a")
def revoke(key_id: IdArgument, as_json: JsonOption = False) -> None:
    """Make a key useless for good: within 5 seconds no server process lets it in."""
    revoked = _store().revoke(key_id)
    facts = json.dumps(_facts(revoked, datetime.now(UTC)), indent=2)
    typer.echo(facts if as_json else f"Revoked {revoked.id} ({revoked.name}).")


def _known_shop(wanted: str) -> str:
    """The shop's id; the only one where none is named. Raises InvalidSettings."""
    shops = list(shops_of(load_settings()))
    if wanted in shops or (not wanted and len(shops) == 1):
        return wanted or shops[0]
    raise InvalidSettings(
        f"There is no shop '{wanted}'." if wanted else "The key needs a shop.",
        fix=f"--shop is one of: {', '.join(shops)}.",
    )


def _store() -> KeyStore:
    return KeyStore(load_settings().keys)


def _show(issued: Issued, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({**_facts(issued.key, issued.key.created_at), "key": issued.text}, indent=2))
        return
    typer.echo(f"Keep it now, it is not shown again. Id: {issued.key.id}.", err=True)
    typer.echo(issued.text)


def _facts(key: Key, now: datetime) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "shop": key.shop,
        "state": key.state(now).value,
        "scopes": sorted(key.scopes),
        "origins": list(key.origins),
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
        "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
        "replaces": key.replaces,
    }


def _shown(moment: datetime | None) -> str:
    return moment.isoformat(sep=" ", timespec="seconds").removesuffix("+00:00") if moment else ""


def _span(text: str) -> timedelta:
    """A length of time as people write it. Raises BadRequest."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise BadRequest(f"'{text}' is no length of time.", fix="Write a number and s, m, h or d: 90d, 12h, 30m.")
    return timedelta(**{_UNITS[found.group(2)]: int(found.group(1))})
