"""`akin keys`: what is printed, once, and what is kept."""

import json
from pathlib import Path

import pytest

from app.identity import is_well_formed
from tests.edge.test_cli import akin


def test_a_key_is_printed_alone_and_once(tmp_path: Path) -> None:
    made = akin(tmp_path, "keys", "create", "--scope", "search", "--name", "app")
    assert made.returncode == 0, made.stderr
    text = made.stdout.strip()
    assert is_well_formed(text)
    assert text not in made.stderr
    listed = akin(tmp_path, "keys", "list")
    assert "app" in listed.stdout
    assert text.split("_")[2] in listed.stdout
    assert text.split("_")[3] not in listed.stdout + akin(tmp_path, "keys", "list", "--json").stdout


def test_a_key_lives_through_rotation_and_revocation(tmp_path: Path) -> None:
    made = json.loads(
        akin(
            tmp_path, "keys", "create", "--scope", "catalog:write", "--scope", "search", "--expires", "90d", "--json"
        ).stdout
    )
    assert made["scopes"] == ["catalog:write", "search"]
    new = json.loads(akin(tmp_path, "keys", "rotate", made["id"], "--overlap", "7d", "--json").stdout)
    assert (new["replaces"], new["scopes"], new["key"] != made["key"]) == (made["id"], made["scopes"], True)
    assert akin(tmp_path, "keys", "revoke", made["id"]).stdout == f"Revoked {made['id']} (unnamed).\n"
    states = {one["id"]: one["state"] for one in json.loads(akin(tmp_path, "keys", "list", "--json").stdout)}
    assert states == {made["id"]: "revoked", new["id"]: "active"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["create", "--name", "a"], 2, "scope"),
        (["create", "--scope", "everything"], 2, "everything"),
        (["create", "--scope", "search", "--expires", "soon"], 2, "soon"),
        (["create", "--scope", "search", "--origin", "*"], 2, "origin"),
        (["create", "--scope", "admin", "--origin", "https://shop.example"], 2, "browser"),
        (["revoke", "nothing"], 3, "nothing"),
        (["rotate", "nothing"], 3, "nothing"),
    ],
)
def test_wrong_use_is_said_and_makes_no_key(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    done = akin(tmp_path, "keys", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stderr
    assert json.loads(akin(tmp_path, "keys", "list", "--json").stdout) == []


@pytest.mark.parametrize("command", ["create", "list", "rotate", "revoke"])
def test_every_command_has_help_with_an_example(tmp_path: Path, command: str) -> None:
    done = akin(tmp_path, "keys", command, "--help")
    assert done.returncode == 0
    assert f"akin keys {command}" in " ".join(done.stdout.split())
