"""The ledger: one document that says which generations there are. Every step of a generation's life is one write of it.

A writer reads it, changes it, and writes it back on the condition that nobody else did meanwhile; so a step is taken
whole or not at all, whatever crashes. Which generation is published is not written here: the alias says it, because
moving the alias is the one step that readers see.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from elasticsearch import ConflictError, NotFoundError

from app.catalog.elasticsearch.connection import Connection
from app.catalog.elasticsearch.errors import is_transient
from app.catalog.errors import CatalogUnavailable, GenerationConflict, GenerationNotFound, NothingPublished
from app.catalog.model import Generation, GenerationState

T = TypeVar("T")

_LEDGER = "ledger"
_ATTEMPTS = 50
_UNHEARD = 4
_PAUSE_S = 0.25


class Step(StrEnum):
    """What the ledger knows of a generation; `state_of` makes a GenerationState of it and the alias."""

    LOADING = "loading"
    VERIFIED = "verified"
    PUBLISHING = "publishing"  # verified; the alias is about to move, or was moved
    RELEASED = "released"  # is published, or was
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Entry:
    """One generation. heartbeat: when its loader was last heard, seconds since 1970. lease: its loader's secret.

    base_sequence: the last live change when it was begun.
    """

    id: str
    number: int
    step: Step
    created_at: str
    embedder: str
    dims: int
    source: str
    holder: str
    lease: str
    heartbeat: float
    base_sequence: int
    published_at: str | None = None

    def told(self, state: GenerationState, products: int, images: int) -> Generation:
        """The generation as the port tells it."""
        return Generation(
            id=self.id,
            state=state,
            created_at=datetime.fromisoformat(self.created_at),
            published_at=None if self.published_at is None else datetime.fromisoformat(self.published_at),
            embedder=self.embedder,
            dims=self.dims,
            products=products,
            images=images,
            source=self.source,
            holder=self.holder,
        )


@dataclass(frozen=True, slots=True)
class Ledger:
    """All generations, oldest first, and which one the alias names ("" for none)."""

    entries: tuple[Entry, ...] = ()
    next: int = 1
    published: str = ""
    version: tuple[int, int] | None = field(default=None, compare=False)

    def named(self, generation_id: str) -> Entry:
        """The generation of that id. Raises GenerationNotFound."""
        for entry in self.entries:
            if entry.id == generation_id:
                return entry
        raise GenerationNotFound(
            f"There is no generation '{generation_id}'.", fix="List the generations that are kept."
        )

    def state_of(self, entry: Entry) -> GenerationState:
        """The state of a generation."""
        if entry.id == self.published:
            return GenerationState.PUBLISHED
        match entry.step:
            case Step.LOADING:
                return GenerationState.LOADING
            case Step.VERIFIED | Step.PUBLISHING:
                return GenerationState.VERIFIED
            case Step.RELEASED:
                return GenerationState.RETIRED
            case Step.ABANDONED:
                return GenerationState.ABANDONED

    def in_state(self, *states: GenerationState) -> list[Entry]:
        """The generations in these states, newest first."""
        return [entry for entry in reversed(self.entries) if self.state_of(entry) in states]

    def current(self) -> Entry:
        """The published generation. Raises NothingPublished."""
        if not self.published:
            raise NothingPublished("No catalog was published yet.", fix="Load a feed: catalog-loader load FEED.")
        return self.named(self.published)

    def require(self, entry: Entry, *states: GenerationState) -> None:
        """Raise GenerationConflict when the generation is in none of these states."""
        state = self.state_of(entry)
        if state not in states:
            raise GenerationConflict(
                f"Generation '{entry.id}' is {state}, not {' or '.join(states)}.",
                fix="List the generations to see which can take this step.",
                state=state.value,
            )

    def with_entry(self, changed: Entry) -> "Ledger":
        """The ledger with a generation added, or changed where its id is there."""
        known = any(entry.id == changed.id for entry in self.entries)
        entries = tuple(changed if entry.id == changed.id else entry for entry in self.entries)
        return replace(self, entries=entries if known else (*self.entries, changed))

    def without(self, ids: Iterable[str]) -> "Ledger":
        """The ledger without some generations."""
        gone = set(ids)
        return replace(self, entries=tuple(entry for entry in self.entries if entry.id not in gone))


class LedgerStore:
    """Reads and changes the ledger of one shop."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._options = connection.options

    async def read(self) -> Ledger:
        """The ledger as it is now; an empty one where there is none. Raises CatalogUnavailable."""
        published, kept = await asyncio.gather(self.published(), self._document())
        if kept is None:
            if published:
                raise _foreign(self._options.alias, published)
            return Ledger()
        source, version = kept
        entries = tuple(Entry(**{**entry, "step": Step(entry["step"])}) for entry in source["generations"]["all"])
        if published and published not in {self._options.products_index(entry.id) for entry in entries}:
            raise _foreign(self._options.alias, published)
        prefix = self._options.products_index("")
        return Ledger(entries, source["next"], published.removeprefix(prefix), version)

    async def published(self) -> str:
        """The index the alias names, "" when there is no alias. Raises CatalogUnavailable when it names several."""
        alias = self._options.alias

        async def ask(client: Any) -> Any:
            try:
                return await client.indices.get_alias(name=alias)
            except NotFoundError:
                return {}

        indices = sorted(await self._connection.call(ask))
        if len(indices) > 1:
            raise _foreign(alias, ", ".join(indices))
        return indices[0] if indices else ""

    async def change(self, step: Callable[[Ledger], tuple[Ledger, T]]) -> T:
        """Read, change and write the ledger in one step; what `step` returned beside it.

        `step` may be called again with a newer ledger. Whatever it raises leaves the ledger as it was.
        """
        for attempt in range(_ATTEMPTS):
            ledger = await self.read()
            changed, result = step(ledger)
            try:
                if changed == ledger or await self._write(changed):
                    return result
            except CatalogUnavailable as error:
                if attempt >= _UNHEARD or not is_transient(error.__cause__ or error):
                    raise
                # Nobody said whether it arrived: the ledger does.
                await asyncio.sleep(_PAUSE_S * 2**attempt)
                if await self.read() == changed:
                    return result
        raise CatalogUnavailable("Too many programs change the catalog's ledger at once.", fix="Ask again.")

    async def _document(self) -> tuple[dict[str, Any], tuple[int, int]] | None:
        async def ask(client: Any) -> Any:
            try:
                return await client.get(index=self._options.ledger, id=_LEDGER)
            except NotFoundError:
                return None

        answer = await self._connection.call(ask)
        return None if answer is None else (answer["_source"], (answer["_seq_no"], answer["_primary_term"]))

    async def _write(self, ledger: Ledger) -> bool:
        source = {"next": ledger.next, "generations": {"all": [asdict(entry) for entry in ledger.entries]}}
        condition: dict[str, Any] = {"op_type": "create"}
        if ledger.version is not None:
            condition = {"if_seq_no": ledger.version[0], "if_primary_term": ledger.version[1]}

        async def ask(client: Any) -> Any:
            try:
                await client.index(index=self._options.ledger, id=_LEDGER, document=source, **condition)
            except ConflictError:
                return False
            return True

        # Not sent twice: had the first one arrived, the second would find itself in its way. The caller reads again.
        return bool(await self._connection.call(ask, again=False))


def _foreign(alias: str, indices: str) -> CatalogUnavailable:
    return CatalogUnavailable(
        f"The alias '{alias}' names {indices}, which Akin did not make.",
        fix=f"Take the alias from it (POST _aliases), or choose another AKIN_ELASTICSEARCH_PREFIX than "
        f"'{alias.removesuffix('-products')}'.",
    )
