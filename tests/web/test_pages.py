"""Serving what was built: forms, caching, policies; and what is said where nothing was built."""

import gzip
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.edge.middleware import Envelope
from app.web import built_files, install_pages

SCRIPT = b"export const greeting = 'akin';\n" * 50
STORED = {"br": b"what brotli made", "gzip": gzip.compress(SCRIPT, mtime=0), None: SCRIPT}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A build as scripts/build.mjs leaves it, small."""
    for name, data in {
        "index.html": b"<!doctype html><title>shop</title>",
        "console/index.html": b"<!doctype html><title>console</title>",
        "assets/shop-abc123.js": SCRIPT,
        "widget.js": SCRIPT,
        "manifest.webmanifest": b"{}",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "assets/shop-abc123.js.gz").write_bytes(STORED["gzip"])
    (tmp_path / "assets/shop-abc123.js.br").write_bytes(STORED["br"])
    (tmp_path / ".built").touch()
    return tmp_path


def client_of(folder: Path) -> httpx.AsyncClient:
    """A client of an application that serves only this build."""
    app = FastAPI(openapi_url=None)
    install_pages(app, built_files(folder))
    app.add_middleware(Envelope)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@pytest.mark.anyio
async def test_pages_are_asked_for_again_and_hashed_files_never(folder: Path) -> None:
    async with client_of(folder) as client:
        page = await client.get("/")
        console = await client.get("/console")
        script = await client.get("/assets/shop-abc123.js")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert "console" in console.text
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-type"].startswith("text/javascript")


@pytest.mark.anyio
async def test_a_page_may_run_only_its_own_scripts(folder: Path) -> None:
    async with client_of(folder) as client:
        policy = (await client.get("/")).headers["content-security-policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert directives["frame-ancestors"] == "'none'"
    assert directives["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in policy


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br;q=nonsense", None),
        ("identity", None),
        ("", None),
    ],
)
async def test_the_stored_compressed_form_is_sent_where_it_is_understood(
    folder: Path, accepted: str, coding: str | None
) -> None:
    async with client_of(folder) as client:
        request = client.build_request("GET", "/assets/shop-abc123.js", headers={"accept-encoding": accepted})
        response = await client.send(request, stream=True)
        raw = b"".join([part async for part in response.aiter_raw()])
    assert response.headers.get("content-encoding") == coding
    assert response.headers["vary"] == "accept-encoding"
    assert raw == STORED[coding]


@pytest.mark.anyio
async def test_what_a_browser_has_already_is_not_sent_again(folder: Path) -> None:
    async with client_of(folder) as client:
        first = await client.get("/", headers={"accept-encoding": "identity"})
        again = await client.get("/", headers={"accept-encoding": "identity", "if-none-match": first.headers["etag"]})
        other = await client.get("/", headers={"accept-encoding": "identity", "if-none-match": '"another"'})
    assert (again.status_code, again.content) == (304, b"")
    assert other.status_code == 200


@pytest.mark.anyio
async def test_the_widget_may_be_asked_for_by_other_origins(folder: Path) -> None:
    async with client_of(folder) as client:
        widget = await client.get("/widget.js")
        page = await client.get("/")
    assert widget.headers["access-control-allow-origin"] == "*"
    assert widget.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "max-age=300" in widget.headers["cache-control"]
    assert "access-control-allow-origin" not in page.headers


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/.built", "/assets/../widget.js.gz", "/assets/", "/index.html", "/%2e%2e/built.py"])
async def test_nothing_else_is_served(folder: Path, path: str) -> None:
    async with client_of(folder) as client:
        assert (await client.get(path)).status_code == 404


@pytest.mark.anyio
async def test_without_a_build_the_page_says_what_is_missing(tmp_path: Path) -> None:
    async with client_of(tmp_path) as client:
        for path in ("/", "/console"):
            response = await client.get(path)
            assert response.status_code == 404
            assert "make web" in response.text
            assert "/docs" in response.text
