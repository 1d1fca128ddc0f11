"""Secrets planted fifty ways: keys, GPS, e-mail and names in every place a caller can write to, then looked for in all
that the server writes: logs, databases, traces, metrics, a backup.

python -m bench.edge_secrets
"""

import io
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
from PIL import Image, PngImagePlugin

from app.identity import DEFAULT_SHOP, KeyStore, Scope
from bench.edge_server import EdgeServer, edge_server, files_in
from bench.shops import clean_environment
from tests.builders import a_photo_file
from tests.telemetry.collector import Collector, collecting

SETTLES_S = 5.0


class Markers:
    """Secrets that exist once each, with the place they were planted in."""

    def __init__(self) -> None:
        self.planted: dict[bytes, str] = {}

    def email(self, place: str) -> str:
        """An address of nobody."""
        return self._new(place, "planted{:03}@private.example")

    def key(self, place: str) -> str:
        """What looks like one of our keys."""
        return self._new(place, "akin_live_PLANTED{:03}abcdefghijklmnopqrstuvwxyzABCDEFGHIJ")

    def gps(self, place: str) -> str:
        """A place."""
        return self._new(place, "48.8583{:03}7,2.2944813")

    def name(self, place: str) -> str:
        """Somebody's name or words, in safe letters."""
        return self._new(place, "planted-person-{:03}")

    def _new(self, place: str, form: str) -> str:
        made = form.format(len(self.planted))
        self.planted[made.encode()] = place
        return made


def measure() -> Mapping[str, float]:
    """ "hits": planted secrets found anywhere; "planted": ways; "looked_at": megabytes that were searched."""
    hits: list[str] = []
    looked_at = 0
    planted = 0
    for form in ("json", "plain"):
        with collecting() as collector:
            traces = f"http://127.0.0.1:{collector.server_port}/v1/traces"
            with edge_server(keyed=True, log=form, trace_endpoint=traces, trace_share="1", decode_slots="1") as server:
                markers = Markers()
                key = KeyStore(server.folder / "keys.db").create(
                    name="secrets", shop=DEFAULT_SHOP, scopes=(Scope.ADMIN,)
                )
                markers.planted[key.text.encode()] = "a key that works"
                time.sleep(SETTLES_S)  # until the server knows it
                _plant(server, markers, {"authorization": f"Bearer {key.text}"})
                time.sleep(SETTLES_S)  # until events, spans and counters are written
                for where, content in _written(server, collector):
                    looked_at += len(content)
                    hits += [f"{markers.planted[one]} in {where}" for one in markers.planted if one in content]
                planted = len(markers.planted)
    for hit in hits:
        print(f"  {hit}", file=sys.stderr)
    return {"hits": float(len(hits)), "planted": float(planted), "looked_at": looked_at / 1e6}


def _plant(server: EdgeServer, markers: Markers, opens: Mapping[str, str]) -> None:
    """Send a secret in every place, with a key that opens the server and without."""
    with httpx.Client(base_url=server.address, headers=opens, timeout=60) as client:
        for path, query in _paths(markers):
            client.get(path, params=query)
        for kind in (Markers.email, Markers.key, Markers.gps, Markers.name):
            _photos(client, markers, kind)
        _bodies(client, markers)
        for name in ("user-agent", "referer", "cookie", "x-forwarded-for", "forwarded", "x-real-ip", "origin", "from"):
            client.get("/search", params={"text": "ring"}, headers={name: markers.email(f"header {name}")})
        for name in ("x-request-id", "traceparent", "tracestate", "akin-deadline-ms", "if-match", "if-none-match"):
            client.get("/products/p1", headers={name: f"{markers.email(f'header {name}')} !"})
        client.request("BREW", "/search", params={"text": markers.name("a method nobody knows")})
    with httpx.Client(base_url=server.address, timeout=60) as stranger:
        for scheme in ("Bearer", "Basic", "Token"):
            given = f"{scheme} {markers.key(f'Authorization: {scheme}')}"
            stranger.get("/search", params={"text": "ring"}, headers={"authorization": given})
        stranger.get("/search", params={"key": markers.key("a key in the query"), "text": "ring"})
    _raw(
        server,
        f"GET /{markers.name('a line that is no HTTP')} HTTP/9.9\r\n{markers.email('a header that is none')}\r\n\r\n",
    )


def _paths(markers: Markers) -> Iterator[tuple[str, dict[str, str]]]:
    """GET requests whose path or query holds a secret."""
    yield "/search", {"text": markers.email("words searched for")}
    yield "/search", {"text": markers.gps("words searched for")}
    yield "/search", {"text": "ring", "filters": json.dumps({"brand": [markers.name("a filter")]})}
    yield "/search", {"text": "ring", "filters": f"{{broken {markers.email('a filter that is no JSON')}"}
    yield "/search", {"text": "ring", "cursor": markers.name("a cursor")}
    yield "/search", {"text": "ring", "limit": markers.name("a limit")}
    yield "/search", {markers.name("a parameter nobody knows"): "1"}
    yield f"/products/{quote(markers.email('an id that is none'))}", {}
    yield f"/products/{markers.name('an id that is none')}/similar", {}
    yield f"/{markers.name('a path nobody serves')}", {}
    yield f"/{quote(markers.email('a path nobody serves'))}", {"q": markers.gps("the query of that path")}
    yield f"/loads/{markers.name('a load that is none')}", {}
    yield f"/media/{markers.name('a picture that is none')}.jpg", {}
    yield "/products", {"brand": markers.email("a list's filter")}


def _photos(client: httpx.Client, markers: Markers, kind: Callable[[Markers, str], str]) -> None:
    """Uploads that carry a secret in the file, its name and the form."""
    plain = a_photo_file("ring", "teal", seed=7)
    exif, text, comment = kind(markers, "EXIF"), kind(markers, "a PNG text"), kind(markers, "a JPEG comment")
    for content in (_jpeg(exif, comment), _png(text)):
        client.post("/search-by-photo", files={"photo": ("x.jpg", content)})
    client.post("/search-by-photo", files={"photo": (f"{kind(markers, 'a file name')}.jpg", plain)})
    client.post(
        "/search-by-photo", files={"photo": ("x.jpg", plain)}, data={"text": kind(markers, "words with a photo")}
    )
    client.post("/search-by-photo", files={"photo": ("x.jpg", kind(markers, "a file that is no photo").encode() * 50)})
    client.post("/search-by-photo", data={"photo_id": kind(markers, "a photo_id that is none")})


def _bodies(client: httpx.Client, markers: Markers) -> None:
    """Bodies that cannot be used."""
    client.put("/products/p1", content=f'{{"title": "{markers.email("JSON that is broken")}')
    client.put("/products/p1", json={"no_such_member": markers.email("a member nobody knows")})
    client.put("/products/p1", json={"title": "x", "price": markers.email("a price that is none")})
    client.post(
        "/search-by-photo", content=markers.email("a form that is none").encode(), headers={"content-type": "x/y"}
    )
    boundary = {"content-type": f"multipart/form-data; boundary={markers.name('a boundary')}"}
    client.post("/search-by-photo", content=markers.email("a form that is broken").encode(), headers=boundary)
    client.post("/search-by-photo", data={markers.name("a field nobody knows"): "1"}, files={"photo": ("x.jpg", b"x")})
    client.post(
        "/search-by-photo", files={"photo": ("x.jpg", b"x")}, data={"crop": markers.email("a crop that is none")}
    )
    search_id = markers.name("a search that is none")
    client.post(
        f"/searches/{search_id}/interactions", json=[{"kind": markers.email("an interaction"), "product": "p1"}]
    )


def _jpeg(exif_text: str, comment: str) -> bytes:
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x8298] = exif_text, exif_text, exif_text  # description, artist, copyright
    exif.get_ifd(0x8825).update({1: "N", 29: exif_text})  # GPS
    out = io.BytesIO()
    Image.open(io.BytesIO(a_photo_file("ring", "teal", seed=8))).save(
        out, "JPEG", exif=exif, comment=comment, xmp=f"<x:xmpmeta>{exif_text}</x:xmpmeta>".encode()
    )
    return out.getvalue()


def _png(text: str) -> bytes:
    told = PngImagePlugin.PngInfo()
    told.add_text("Author", text)
    told.add_itxt("XML:com.adobe.xmp", text)
    out = io.BytesIO()
    Image.open(io.BytesIO(a_photo_file("ball", "red", seed=9))).save(out, "PNG", pnginfo=told)
    return out.getvalue()


def _raw(server: EdgeServer, text: str) -> None:
    place = urlsplit(server.address)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=20) as connection:
        connection.sendall(text.encode())
        connection.settimeout(5)
        with suppress(TimeoutError):
            while connection.recv(65_536):
                pass


def _written(server: EdgeServer, collector: Collector) -> Iterator[tuple[str, bytes]]:
    """(where, content) of everything the server wrote."""
    yield "metrics", httpx.get(f"{server.address}/metrics", timeout=30).content
    yield "traces", collector.bodies
    with tempfile.TemporaryDirectory() as name:
        backup = Path(name) / "backup"
        command = [sys.executable, "-m", "app.cli", "backup", str(backup), "--photos"]
        subprocess.run(command, env=clean_environment() | files_in(server.folder), check=True, capture_output=True)
        for path in (one for one in backup.rglob("*") if one.is_file()):
            yield f"backup/{path.relative_to(backup)}", path.read_bytes()
    for path in (one for one in server.folder.rglob("*") if one.is_file()):
        yield path.name, path.read_bytes()


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
