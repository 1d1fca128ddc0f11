"""Log lines: one JSON object each, joined by the request's id, and without anything personal."""

import asyncio
import json
import logging
from collections.abc import Iterator
from io import StringIO
from logging.config import dictConfig
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Unavailable
from app.telemetry import JsonLines, PlainLines, log_config, without_secrets, working_for
from app.telemetry.logs import PATIENCE_S, Lines
from tests.builders import a_photo_file

pytestmark = pytest.mark.anyio

PRIVATE = ("jo.doe+x@example.org", "48.85837, 2.294481", "Bearer abcdefgh12345678", "https://a.example/x?token=s3cr3t")


@pytest.fixture
def lines() -> Iterator[StringIO]:
    """What the program logs as JSON."""
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("akin")
    before = logger.level
    logger.setLevel(logging.INFO)  # not `logger.level = …`: children remember what they were not to say
    logger.addHandler(handler)
    yield written
    logger.removeHandler(handler)
    logger.setLevel(before)


def parsed(lines: StringIO) -> list[dict[str, Any]]:
    """Each line as an object."""
    return [json.loads(line) for line in lines.getvalue().splitlines()]


async def test_a_request_is_one_line_with_route_status_time_and_id(client: httpx.AsyncClient, lines: StringIO) -> None:
    photo = {"photo": ("jo-at-home.jpg", a_photo_file("ring", "teal", seed=7))}
    answer = await client.post("/search-by-photo", files=photo, data={"text": "for jo.doe@example.org"})
    await client.get("/products/jo.doe@example.org", headers={"x-request-id": "abc"})
    await client.get("/live")
    photo_line, product_line = (line for line in parsed(lines) if line["logger"] == "akin.access")
    assert photo_line["route"] == "/search-by-photo"
    assert photo_line["status"] == 200
    assert photo_line["duration_ms"] > 0
    assert photo_line["request_id"] == answer.headers["x-request-id"]
    assert (product_line["request_id"], product_line["code"]) == ("abc", "product-not-found")
    assert "jo" not in lines.getvalue()


@pytest.mark.parametrize("private", PRIVATE)
@pytest.mark.parametrize("formatter", [JsonLines(), PlainLines("%(levelprefix)s %(message)s")])
def test_what_somebody_logs_by_mistake_does_not_reach_the_line(formatter: logging.Formatter, private: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, "found %s there", (private,), None)
    assert private not in formatter.format(record)
    assert "there" in formatter.format(record)


@pytest.mark.parametrize("formatter", [JsonLines(), PlainLines("%(levelprefix)s %(message)s")])
def test_an_exception_is_told_by_type_and_frames_and_not_by_its_text(formatter: logging.Formatter) -> None:
    try:
        try:
            raise ValueError("cannot read hunter2")
        except ValueError as cause:
            raise Unavailable("The disk is full.") from cause
    except Unavailable as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "x.py", 1, "failed", (), (Unavailable, error, error.__traceback__)
        )
    line = formatter.format(record)
    assert "hunter2" not in line
    for expected in ("ValueError", "The disk is full.", "test_logs.py", "test_an_exception"):
        assert expected in line


def test_lines_of_a_request_carry_its_id() -> None:
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, "hello", (), None)
    with working_for("r-1"):
        assert json.loads(JsonLines().format(record))["request_id"] == "r-1"
        assert PlainLines("%(message)s").format(record) == "hello (r-1)"
    assert "request_id" not in json.loads(JsonLines().format(record))


def test_a_line_break_makes_no_second_line() -> None:
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, "a\nb\u2028c", (), None)
    assert len(JsonLines().format(record).splitlines()) == 1
    assert PlainLines("%(message)s").format(record).count("\n") == 0


@given(st.text())
def test_any_text_comes_through_the_second_wall(text: str) -> None:
    assert isinstance(without_secrets(text), str)
    assert without_secrets(f"{text} a@b.example") != f"{text} a@b.example"


def a_line(text: str, *, patient: bool) -> logging.LogRecord:
    """A record."""
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, text, (), None)
    record.patient = patient
    return record


class CountedWrites(StringIO):
    """Counts how often it is written to."""

    writes = 0

    def write(self, text: str) -> int:
        """Count, and keep the text."""
        self.writes += 1
        return super().write(text)


async def test_lines_that_may_wait_are_written_together_and_soon() -> None:
    written = CountedWrites()
    handler = Lines(written)
    for number in range(40):
        handler.handle(a_line(f"refused {number}", patient=True))
    assert written.getvalue() == ""
    await asyncio.sleep(4 * PATIENCE_S)
    assert (written.writes, written.getvalue()) == (1, "".join(f"refused {number}\n" for number in range(40)))
    handler.handle(a_line("refused again", patient=True))
    await asyncio.sleep(4 * PATIENCE_S)
    assert written.writes == 2


async def test_a_line_that_may_not_wait_takes_those_before_it_along() -> None:
    written = CountedWrites()
    handler = Lines(written)
    handler.handle(a_line("refused", patient=True))
    handler.handle(a_line("served", patient=False))
    assert (written.writes, written.getvalue()) == (1, "refused\nserved\n")


def test_where_nothing_could_write_it_later_no_line_waits() -> None:
    written = StringIO()
    Lines(written).handle(a_line("refused", patient=True))
    assert written.getvalue() == "refused\n"


def test_what_waits_is_written_when_logging_ends() -> None:
    written = StringIO()
    handler = Lines(written)

    async def refusing() -> None:
        handler.handle(a_line("refused", patient=True))

    asyncio.run(refusing())
    handler.flush()  # as logging.shutdown does
    assert written.getvalue() == "refused\n"


@pytest.mark.parametrize("form", ["plain", "json"])
def test_the_configuration_is_one_that_logging_takes(form: Any) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    kept = {name: logging.getLogger(name).handlers[:] for name in ("akin", "uvicorn")}
    try:
        dictConfig(log_config(form))
        assert logging.getLogger("akin").handlers
    finally:
        root.handlers, root.level = handlers, level
        for name, before in kept.items():
            logging.getLogger(name).handlers = before
            logging.getLogger(name).propagate = True
