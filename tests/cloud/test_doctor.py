"""`akin doctor`: cards, endpoints nobody listens at, keys that open nothing; all found without buying a picture."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from typer.testing import CliRunner

from app import cli

CARD = {
    "name": '"m"', "provider": '"vertex"', "kind": '"classification"', "version": '"1"', "attribute": '"material"',
    "model": '"projects/p/locations/l/endpoints/1"',
}  # fmt: skip


def test_doctor_says_what_is_wrong_and_leaves_with_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.toml").write_text("name = ")
    (tmp_path / "good.toml").write_text("\n".join(f"{key} = {value}" for key, value in CARD.items()))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        there = f"http://127.0.0.1:{listening.getsockname()[1]}"
        for name, value in {
            "ANALYZERS": "google_vision,vertex,local", "GOOGLE_ENDPOINT": there, "VERTEX_ENDPOINT": there,
            "MODEL_CARDS": tmp_path, "CLOUD_STORE": tmp_path / "c",
        }.items():  # fmt: skip
            monkeypatch.setenv(f"AKIN_{name}", str(value))
        examined = CliRunner().invoke(cli.app, ["doctor"])
        assert examined.exit_code == 1
        assert "bad.toml" in examined.output
        assert "vertex/m" in examined.output
        (tmp_path / "bad.toml").unlink()
        assert CliRunner().invoke(cli.app, ["doctor"]).exit_code == 0
    gone = CliRunner().invoke(cli.app, ["doctor"])
    assert gone.exit_code == 1
    assert "nobody answers" in " ".join(gone.output.split())


def test_doctor_finds_a_key_that_opens_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key file whose token server refuses it: found by fetching a token, not by reading the file."""
    monkeypatch.setenv("AKIN_ANALYZERS", "google_vision,local")
    monkeypatch.setenv("AKIN_CLOUD_STORE", str(tmp_path / "c"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # else Google itself would be tried
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    refused = json.dumps({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}).encode()
    with answering(400, refused) as tokens:
        (tmp_path / "key.json").write_text(json.dumps(a_service_key(tokens)))
        examined = CliRunner().invoke(cli.app, ["doctor"], env={"COLUMNS": "300"})
    assert examined.exit_code == 1
    assert "invalid_grant" in examined.output
    assert "roles of docs/google.md" in " ".join(examined.output.split())


def a_service_key(tokens: str) -> dict[str, str]:
    """A service account's key file with a fresh key, whose tokens come from that address."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account", "project_id": "p", "private_key_id": "1", "private_key": text.decode(),
        "client_email": "akin@p.iam.gserviceaccount.com", "client_id": "1", "token_uri": tokens,
    }  # fmt: skip


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """An HTTP server that answers every POST so."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/token"
        server.shutdown()
