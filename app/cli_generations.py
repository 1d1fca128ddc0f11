"""`akin generations`: the versions of the catalog, seen, published, deleted."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app import wiring
from app.catalog import Catalog, CatalogWriter, Generation, before_published
from app.settings import Settings
from app.shops import load_shop_settings
from app.wiring_fallback import bring_copy_up_to_date

T = TypeVar("T")

generations = typer.Typer(
    no_args_is_help=True, help="Versions of the catalog: list them, publish one, go back, delete old ones."
)

CatalogOption = Annotated[str | None, typer.Option(help="Catalog to use; wins over AKIN_CATALOG.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The version's id, as `akin generations list` shows it.")]


@generations.command("list", epilog="Examples:  akin generations list   |   akin generations list --json")
def list_generations(as_json: JsonOption = False, catalog: CatalogOption = None) -> None:
    """List all kept versions, newest first."""
    found = _with_catalog(catalog, lambda opened: opened.generations())
    if as_json:
        typer.echo(json.dumps([_facts(one) for one in found], indent=2))
        return
    table = Table("id", "state", "products", "images", "embedder", "published", "from", box=None)
    for one in found:
        published = one.published_at.isoformat(timespec="seconds") if one.published_at else ""
        counts = (f"{one.products:,}", f"{one.images:,}")
        table.add_row(one.id, one.state.value, *counts, one.embedder, published, escape(one.source.rpartition(" ")[2]))
    Console().print(table)


@generations.command(epilog="Example:  akin generations publish 20261121-030304-9")
def publish(generation: IdArgument, as_json: JsonOption = False, catalog: CatalogOption = None) -> None:
    """Make a verified or retired version the published one, at once and for all server processes."""
    _tell(_with_catalog(catalog, lambda opened: opened.publish(generation)), as_json=as_json)
    _bring_copy_up_to_date(catalog)


@generations.command(epilog="Example:  akin generations rollback")
def rollback(as_json: JsonOption = False, catalog: CatalogOption = None) -> None:
    """Publish the version that was published before the present one."""

    async def back(opened: Catalog) -> Generation:
        return await opened.publish(before_published(await opened.generations()).id)

    _tell(_with_catalog(catalog, back), as_json=as_json)
    _bring_copy_up_to_date(catalog)


@generations.command(epilog="Examples:  akin generations prune   |   akin generations prune --keep 0")
def prune(
    keep: Annotated[int, typer.Option(min=0, help="Retired versions to keep, the newest ones.")] = 3,
    as_json: JsonOption = False,
    catalog: CatalogOption = None,
) -> None:
    """Delete retired versions but the newest ones, and those that were given up."""
    gone = _with_writer(catalog, lambda writer: writer.prune(keep=keep))
    if as_json:
        typer.echo(json.dumps({"deleted": gone}))
    else:
        typer.echo(f"Deleted {', '.join(gone)}." if gone else "There was nothing to delete.")


@generations.command(epilog="Example:  akin generations abandon 20261121-030304-9")
def abandon(generation: IdArgument, as_json: JsonOption = False, catalog: CatalogOption = None) -> None:
    """Give up what an interrupted load left, or a verified version nobody wants."""
    _with_writer(catalog, lambda writer: writer.abandon(generation))
    typer.echo(json.dumps({"abandoned": generation}) if as_json else f"Gave up {generation}.")


def _tell(published: Generation, *, as_json: bool) -> None:
    typer.echo(json.dumps(_facts(published), indent=2) if as_json else f"Published {published.id}.")


def _bring_copy_up_to_date(address: str | None) -> None:
    if trouble := asyncio.run(bring_copy_up_to_date(_settings(address))):
        typer.echo(trouble, err=True)


def _facts(one: Generation) -> dict[str, object]:
    """A version under the names that the HTTP interface gives it."""
    return {
        "id": one.id,
        "state": one.state.value,
        "created_at": one.created_at.isoformat(),
        "published_at": one.published_at.isoformat() if one.published_at else None,
        "embedder": one.embedder,
        "products": one.products,
        "images": one.images,
        "source": one.source,
        "holder": one.holder,
    }


def _with_catalog(address: str | None, work: Callable[[Catalog], Awaitable[T]]) -> T:
    async def done() -> T:
        catalog = wiring.open_catalog(_settings(address))
        try:
            return await work(catalog)
        finally:
            await catalog.close()

    return asyncio.run(done())


def _with_writer(address: str | None, work: Callable[[CatalogWriter], Awaitable[T]]) -> T:
    async def done() -> T:
        writer = wiring.open_catalog_writer(_settings(address))
        try:
            return await work(writer)
        finally:
            await writer.close()

    return asyncio.run(done())


def _settings(address: str | None) -> Settings:
    return load_shop_settings(**({"catalog": address} if address else {}))
