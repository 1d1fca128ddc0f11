"""The rows of the `generations` table: read, told, moved from state to state. No transactions of its own."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from app.catalog.errors import GenerationConflict, GenerationNotFound
from app.catalog.model import Generation, GenerationState

_COLUMNS = (
    "number, id, state, created_at, published_at, embedder, dims, source, holder, lease, heartbeat, base_sequence"
)


@dataclass(frozen=True, slots=True)
class GenerationRow:
    """One row of the table."""

    number: int
    id: str
    state: GenerationState
    created_at: datetime
    published_at: datetime | None
    embedder: str
    dims: int
    source: str
    holder: str
    lease: str
    heartbeat: float
    base_sequence: int

    def told(self, products: int, images: int) -> Generation:
        """The generation as the catalog's callers know it."""
        return Generation(
            id=self.id,
            state=self.state,
            created_at=self.created_at,
            published_at=self.published_at,
            embedder=self.embedder,
            dims=self.dims,
            products=products,
            images=images,
            source=self.source,
            holder=self.holder,
        )


def all_rows(connection: sqlite3.Connection) -> list[GenerationRow]:
    """All generations, newest first."""
    return [_row(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM generations ORDER BY number DESC")]  # noqa: S608


def named(connection: sqlite3.Connection, generation_id: str) -> GenerationRow:
    """The generation of an id. Raises GenerationNotFound."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM generations WHERE id = ?", (generation_id,)).fetchone()  # noqa: S608
    if row is None:
        raise GenerationNotFound(
            f"There is no generation '{generation_id}'.", fix="List the generations that are kept."
        )
    return _row(row)


def in_state(connection: sqlite3.Connection, state: GenerationState) -> GenerationRow | None:
    """The newest generation in a state; loading and published have one at most."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM generations WHERE state = ? ORDER BY number DESC LIMIT 1",  # noqa: S608
        (state.value,),
    ).fetchone()
    return None if row is None else _row(row)


def move(connection: sqlite3.Connection, generation: GenerationRow, state: GenerationState) -> None:
    """Put a generation into another state."""
    connection.execute("UPDATE generations SET state = ? WHERE number = ?", (state.value, generation.number))


def require(generation: GenerationRow, *states: GenerationState) -> None:
    """Raise GenerationConflict when the generation is in none of these states."""
    if generation.state not in states:
        wanted = " or ".join(states)
        raise GenerationConflict(
            f"Generation '{generation.id}' is {generation.state}, not {wanted}.",
            fix="List the generations to see which can take this step.",
            state=generation.state.value,
        )


def _row(row: tuple[object, ...]) -> GenerationRow:
    number, generation_id, state, created_at, published_at, *rest = row
    return GenerationRow(
        number,  # type: ignore[arg-type]  # sqlite3 has no types; the schema has
        generation_id,  # type: ignore[arg-type]
        GenerationState(str(state)),
        datetime.fromisoformat(str(created_at)),
        None if published_at is None else datetime.fromisoformat(str(published_at)),
        *rest,  # type: ignore[arg-type]
    )
