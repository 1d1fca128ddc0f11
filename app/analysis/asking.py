"""Asking one source with care: cached, once for many, in the budget, behind a breaker, retried inside the deadline."""

import asyncio
import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass

from app.analysis.breaker import Breaker, BreakerState, RetryBudget, pause_before
from app.analysis.sighting import Sighting, from_bytes, to_bytes
from app.analysis.source import OF_THE_PICTURE, PASSING, Picture, Reason, Source, SourceFailure
from app.errors import AppError, Unavailable
from app.metering import Answers, BudgetSpent, Ledger, Turn, UnknownPrice
from app.tracing import span

FORMAT = 1
"""Of cached answers: a number higher forgets them all."""
OPEN_WITHIN_S = 10.0
TRIES = 3
LEAST_S = 0.02
"""With less time than this no call is begun."""
POLL_S = 0.02
"""How often a process looks whether another one has the answer."""

logger = logging.getLogger("akin.sources")


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source is, for /ready, metrics and `akin doctor`."""

    name: str
    breaker: BreakerState
    calls: int
    failures: Mapping[str, int]


class _Flight:
    """One question on its way, with everybody who waits for its answer. It lasts as long as its last waiter."""

    def __init__(self, until: float) -> None:
        self.until = until
        self.waiting = 0
        self.task: asyncio.Task[Sighting] | None = None


class Asker:
    """Asks one source. Every failure is a SourceFailure, logged once per change of reason.

    A picture that is being asked about is not asked about again: later callers wait for the same answer.
    """

    def __init__(self, source: Source, *, answers: Answers, ledger: Ledger, rng: random.Random | None = None) -> None:
        self._source = source
        self._answers = answers
        self._ledger = ledger
        self._rng = rng or random.Random()  # noqa: S311 - jitter, no secret
        self._breaker = Breaker(lambda: asyncio.get_running_loop().time())
        self._retries = RetryBudget()
        self._flights: dict[str, _Flight] = {}
        self._calls = 0
        self._failures: dict[str, int] = {}
        self._said = ""
        self.name = source.name

    async def ask(self, picture: Picture, until: float) -> Sighting:
        """What the source says, by `until` (time of the event loop) at the latest. Raises SourceFailure."""
        try:
            sighting = await self._asked(picture, until)
        except SourceFailure as failure:
            self._log(failure)
            raise
        except (BudgetSpent, UnknownPrice) as refusal:
            spent = SourceFailure(Reason.BUDGET, refusal.detail, fix=refusal.fix)
            self._log(spent)
            raise spent from refusal
        except Unavailable as trouble:  # the meter: without counting nothing is bought
            unmetered = SourceFailure(Reason.UNAVAILABLE, trouble.detail, fix=trouble.fix)
            self._log(unmetered)
            raise unmetered from trouble
        if self._said:
            logger.info("%s answers again", self.name)
            self._said = ""
        return sighting

    async def spared(self) -> None:
        """Count a question that was not asked because the answer was known well enough without it."""
        await self._ledger.note(self.name, "spared")

    def state(self) -> SourceState:
        """How the source is."""
        return SourceState(self.name, self._breaker.state(), self._calls, dict(self._failures))

    async def open(self) -> None:
        """Make the source ready; what fails is logged and tried again with the first picture."""
        try:
            async with asyncio.timeout(OPEN_WITHIN_S):
                await self._source.open()
        except SourceFailure as failure:
            self._log(failure)
        except TimeoutError:
            self._log(self._late())

    async def check(self) -> str:
        """See Source.check."""
        return await self._source.check()

    async def close(self) -> None:
        """Cancel what is on its way and close the source."""
        tasks = [flight.task for flight in self._flights.values() if flight.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._source.close()

    async def _asked(self, picture: Picture, until: float) -> Sighting:
        key = f"{FORMAT}/{picture.digest}/{self._source.name}/{self._source.pipeline}"
        flight = self._flights.get(key)
        if flight is None:
            known = remembered(await self._answers.get(key))
            if known is not None:
                await self._ledger.note(self.name, "cached")
                return known
            flight = self._flights.get(key)  # somebody else may have set out while we looked
        if flight is None:
            flight = self._flights[key] = _Flight(until)
            flight.task = asyncio.create_task(self._fly(key, picture, flight), name=f"ask {self.name}")
            flight.task.add_done_callback(lambda task: self._landed(key, task))
        else:
            await self._ledger.note(self.name, "shared")
        return await self._joined(flight, until)

    async def _joined(self, flight: _Flight, until: float) -> Sighting:
        assert flight.task is not None
        flight.waiting += 1
        flight.until = max(flight.until, until)
        try:
            async with asyncio.timeout_at(until):
                return await asyncio.shield(flight.task)
        except TimeoutError:
            raise self._late() from None
        finally:
            flight.waiting -= 1
            if flight.waiting == 0 and not flight.task.done():
                flight.task.cancel()

    def _landed(self, key: str, task: asyncio.Task[Sighting]) -> None:
        self._flights.pop(key, None)
        if not task.cancelled():
            task.exception()  # taken note of, also when nobody waits any more

    async def _fly(self, key: str, picture: Picture, flight: _Flight) -> Sighting:
        loop = asyncio.get_running_loop()
        while True:
            turn = await self._answers.take_turn(key, max(1.0, flight.until - loop.time() + 1.0))
            if isinstance(turn, bytes):
                known = remembered(turn)
                if known is None:  # damaged: asked anew and written over
                    break
                await self._ledger.note(self.name, "cached")
                return known
            if turn is Turn.OURS:
                break
            await asyncio.sleep(POLL_S)
        try:
            sighting = await self._called(picture, flight)
        except BaseException:
            self._answers.end_turn(key)
            raise
        self._answers.put(key, to_bytes(sighting))
        return sighting

    async def _called(self, picture: Picture, flight: _Flight) -> Sighting:
        """The call with its retries. Each try is booked before it is made."""
        loop = asyncio.get_running_loop()
        self._retries.earn()
        attempt = 1
        while True:
            try:
                return await self._try(picture, flight)
            except SourceFailure as failure:
                attempt += 1
                pause = max(pause_before(attempt, self._rng), self._asked_pause(failure))
                again = failure.reason in PASSING and attempt <= TRIES
                if not again or loop.time() + pause + LEAST_S >= flight.until or not self._retries.spend():
                    raise
                await asyncio.sleep(pause)

    async def _try(self, picture: Picture, flight: _Flight) -> Sighting:
        loop = asyncio.get_running_loop()
        if flight.until - loop.time() < LEAST_S:
            raise self._late()
        if not self._breaker.admits():
            rest = self._breaker.rests_s
            raise SourceFailure(
                Reason.RESTING, f"{self.name} failed too often and is asked again in {rest:.0f} s.", retry_after_s=rest
            )
        settled = False
        try:
            await self._ledger.reserve(self.name, self._source.units)
            self._calls += 1
            async with asyncio.timeout_at(flight.until):
                sighting = await self._looked(picture, max(LEAST_S, flight.until - loop.time()))
            settled = True
            self._breaker.succeeded()
            return sighting
        except SourceFailure as failure:
            settled = True
            self._count(failure)
            raise
        except TimeoutError:
            settled = True
            late = self._late()
            self._count(late)
            raise late from None
        except asyncio.CancelledError:
            # The last waiter gave up. At the deadline that is the source's fault, else (a client went away) nobody's.
            if loop.time() >= flight.until - LEAST_S:
                settled = True
                self._count(self._late())
            raise
        finally:
            if not settled:
                self._breaker.abandoned()

    async def _looked(self, picture: Picture, timeout_s: float) -> Sighting:
        try:
            with span("source", {"akin.source": self.name}):
                return await self._source.look(picture, timeout_s=timeout_s)
        except (AppError, TimeoutError):
            raise
        except Exception as surprise:
            # A vendor's library may raise anything; it must not cost the shopper the answer.
            logger.exception("%s raised what it should not", self.name)
            raise SourceFailure(Reason.BAD_ANSWER, f"{self.name}: {type(surprise).__name__}") from surprise

    def _count(self, failure: SourceFailure) -> None:
        self._failures[failure.reason] = self._failures.get(failure.reason, 0) + 1
        if failure.reason in OF_THE_PICTURE:
            self._breaker.succeeded()  # it is well: it looked and refused
        else:
            self._breaker.failed(failure.reason, rest_s=self._asked_pause(failure))

    def _asked_pause(self, failure: SourceFailure) -> float:
        """What a throttling source asks us to wait."""
        return failure.retry_after_s if failure.reason is Reason.THROTTLED else 0.0

    def _late(self) -> SourceFailure:
        return SourceFailure(Reason.DEADLINE, f"{self.name} did not answer in time.")

    def _log(self, failure: SourceFailure) -> None:
        if failure.reason != self._said:
            logger.warning("%s has no part in answers (%s): %s", self.name, failure.reason, failure.detail)
        self._said = failure.reason


def remembered(data: bytes | None) -> Sighting | None:
    """A kept answer; None where there is none, or it cannot be read."""
    try:
        return None if data is None else from_bytes(data)
    except ValueError:
        return None
