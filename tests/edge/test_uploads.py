"""Hostile and honest forms: what is read, what is refused, and that nothing else ever happens."""

from contextlib import suppress

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from app.edge.errors import Busy
from app.edge.uploads import MAX_FIELD_BYTES, MAX_PARTS, Form, UploadBudget, read_form
from app.errors import BadRequest
from tests.builders import a_photo_file
from tests.edge.problems import assert_problem

pytestmark = pytest.mark.anyio

BOUNDARY = "b0undary"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def part(name: str, value: bytes, extra: str = "") -> bytes:
    """One part of a form."""
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode() + value + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


async def read(body: bytes, content_type: str = TYPE, chunk: int = 65_536) -> Form:
    """Read a form whose body comes in chunks."""
    chunks = [body[start : start + chunk] for start in range(0, len(body), chunk)] or [b""]

    async def receive() -> Message:
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", content_type.encode())]}
    with UploadBudget(10_000_000).hold() as take:
        return await read_form(Request(scope, receive), take, file_fields=frozenset({"photo"}))


@pytest.mark.parametrize("chunk", [1, 7, 65_536])
async def test_fields_and_file_are_read_whatever_the_chunks(chunk: int) -> None:
    photo = bytes(range(256)) * 5 + b"\r\n--b0undar" + b"\r\n"
    body = part("text", "grün".encode()) + part("photo", photo, '; filename="a.jpg"') + END
    form = await read(body, chunk=chunk)
    assert form.fields == {"text": "grün"}
    assert form.files == {"photo": photo}


async def test_a_file_without_a_file_name_is_still_a_file(client: httpx.AsyncClient) -> None:
    body = part("photo", a_photo_file("ring", "teal", seed=7)) + END
    response = await client.post("/search-by-photo", content=body, headers={"content-type": TYPE})
    assert response.status_code == 200


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\\b.jpg", "\x00", "x" * 3000, "%2e%2e"])
async def test_a_file_name_is_never_used(client: httpx.AsyncClient, name: str) -> None:
    response = await client.post("/search-by-photo", files={"photo": (name, a_photo_file())})
    assert response.status_code in {200, 400}  # a part header may be too long, but never a fault of ours


HOSTILE = {
    "many parts": b"".join(part(f"f{number}", b"x") for number in range(100_000)) + END,
    "many parts of one name": part("text", b"x") * 50 + END,
    "huge header": f"--{BOUNDARY}\r\nX-A: {'a' * 100_000}\r\n\r\nx\r\n".encode() + END,
    "many headers": f"--{BOUNDARY}\r\n".encode()
    + b"".join(b"X-%d: a\r\n" % n for n in range(10_000))
    + b"\r\nx\r\n"
    + END,
    "huge field": part("text", b"x" * (MAX_FIELD_BYTES + 1)) + END,
    "huge field with a file name": part("text", b"x" * 1_000_000, '; filename="a"') + END,
    "no name": f"--{BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nx\r\n".encode() + END,
    "no disposition": f"--{BOUNDARY}\r\nContent-Type: text/plain\r\n\r\nx\r\n".encode() + END,
    "odd name": part("Photo[]", b"x") + END,
    "no end": part("text", b"x"),
    "only an end": END,
    "other boundary": part("text", b"x").replace(BOUNDARY.encode(), b"other") + END,
    "no body": b"",
    "not utf-8": part("text", b"\xff\xfe") + END,
    "garbage": bytes(range(256)) * 100,
    "text before": b"hello" + part("text", b"x") + END,
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_form_is_the_callers_fault(client: httpx.AsyncClient, name: str) -> None:
    response = await client.post("/search-by-photo", content=HOSTILE[name], headers={"content-type": TYPE})
    assert 400 <= response.status_code < 500
    assert_problem(response, response.json()["code"])


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "b" * 5000,
        "multipart/x",
    ],
)
async def test_a_content_type_without_a_usable_boundary_is_refused(
    client: httpx.AsyncClient, content_type: str
) -> None:
    response = await client.post("/search-by-photo", content=END, headers={"content-type": content_type})
    assert response.status_code in {400, 415}
    assert_problem(response, response.json()["code"])


async def test_too_many_parts_are_refused_at_the_first_too_many() -> None:
    body = b"".join(part(f"f{number}", b"x") for number in range(MAX_PARTS + 1)) + END
    with pytest.raises(BadRequest, match=f"more than {MAX_PARTS} parts"):
        await read(body)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(
    edits=st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=6), st.integers(0, 8)), max_size=6),
    chunk=st.integers(1, 50),
)
async def test_any_edit_of_a_form_is_read_or_refused(edits: list[tuple[int, bytes, int]], chunk: int) -> None:
    body = part("text", b"chair") + part("photo", b"\xff\xd8" * 40, '; filename="a.jpg"') + END
    for place, put, cut in edits:
        body = body[:place] + put + body[place + cut :]

    with suppress(BadRequest):
        form = await read(body, chunk=chunk)
        assert set(form.files) <= {"photo"}


def test_the_budget_is_given_back_whatever_happens() -> None:
    budget = UploadBudget(100)
    with budget.hold() as take:
        take(60)
        with budget.hold() as other:
            with pytest.raises(Busy):
                other(41)
            other(40)
    with suppress(RuntimeError), budget.hold() as take:
        take(100)
        raise RuntimeError
    with budget.hold() as take:
        take(100)
