"""Evaluations that were ordered over HTTP: what was ordered, how far it is, what came out."""

import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from app.catalog import holder_name, running_pid
from app.insights.errors import EvaluationNotFound, EvaluationRunning
from app.insights.store import InsightStore

KEPT = 30
"""Evaluations that are remembered; older ones are forgotten when a new one begins."""


class EvaluationState(StrEnum):
    """Life of an evaluation."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # its process ended


@dataclass(frozen=True, slots=True)
class EvaluationRecord:
    """ordered: as the caller wrote it. done of whole photos. result: what the desk writes; {} until it is done."""

    id: str
    begun_at: datetime
    state: EvaluationState
    ordered: Mapping[str, Any]
    done: int
    whole: int
    result: Mapping[str, Any] = field(default_factory=dict)


class EvaluationRecords:
    """Keeps them in an InsightStore, which it does not own; all server processes see the same."""

    def __init__(self, store: InsightStore, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    async def begin(self, ordered: Mapping[str, Any], whole: int) -> EvaluationRecord:
        """A new one, running in this process. Raises EvaluationRunning while another runs in a process that lives."""
        now = self._clock()
        holder = holder_name("evaluation")
        return await self._store.write(lambda db: _begin(db, ordered, whole, now, holder))

    async def progress(self, evaluation_id: str, done: int) -> None:
        """Say how far it is."""
        await self._store.write(
            lambda db: db.execute("UPDATE evaluation SET done = ? WHERE id = ?", (done, evaluation_id))
        )

    async def end(self, evaluation_id: str, state: EvaluationState, result: Mapping[str, Any]) -> None:
        """Say what came out."""
        text = json.dumps(result, ensure_ascii=False)
        await self._store.write(
            lambda db: db.execute(
                "UPDATE evaluation SET state = ?, result = ? WHERE id = ?", (state.value, text, evaluation_id)
            )
        )

    async def get(self, evaluation_id: str) -> EvaluationRecord:
        """One, with its result. Raises EvaluationNotFound."""
        row = await self._store.read(
            lambda db: db.execute(
                "SELECT id, begun_at, holder, state, ordered, done, whole, result FROM evaluation WHERE id = ?",
                (evaluation_id,),
            ).fetchone()
        )
        if row is None:
            raise EvaluationNotFound("No evaluation has this id.", fix="GET /evaluations lists all that are kept.")
        return _record(row)

    async def all(self) -> list[EvaluationRecord]:
        """All that are kept, newest first."""
        rows = await self._store.read(
            lambda db: db.execute(
                "SELECT id, begun_at, holder, state, ordered, done, whole, result FROM evaluation"
                " ORDER BY begun_at DESC, id"
            ).fetchall()
        )
        return [_record(row) for row in rows]


def _begin(db: sqlite3.Connection, ordered: Mapping[str, Any], whole: int, now: float, holder: str) -> EvaluationRecord:
    for other, by in db.execute("SELECT id, holder FROM evaluation WHERE state = 'running'").fetchall():
        if running_pid(by) is not None:
            raise EvaluationRunning(
                "Another evaluation is running.", fix="Wait until it is done.", evaluation=other, holder=by
            )
    made = f"{datetime.fromtimestamp(now, UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    db.execute(
        "INSERT INTO evaluation VALUES (?, ?, ?, 'running', ?, 0, ?, '{}')",
        (made, now, holder, json.dumps(ordered, ensure_ascii=False), whole),
    )
    db.execute(
        "DELETE FROM evaluation WHERE id NOT IN (SELECT id FROM evaluation ORDER BY begun_at DESC, id LIMIT ?)", (KEPT,)
    )
    return EvaluationRecord(made, datetime.fromtimestamp(now, UTC), EvaluationState.RUNNING, ordered, 0, whole)


def _record(row: tuple[Any, ...]) -> EvaluationRecord:
    evaluation_id, begun_at, holder, state, ordered, done, whole, result = row
    stands = EvaluationState(state)
    if stands is EvaluationState.RUNNING and running_pid(holder) is None:
        stands = EvaluationState.INTERRUPTED
    return EvaluationRecord(
        evaluation_id,
        datetime.fromtimestamp(begun_at, UTC),
        stands,
        json.loads(ordered),
        done,
        whole,
        json.loads(result),
    )
