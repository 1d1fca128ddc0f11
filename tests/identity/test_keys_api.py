"""Keys over HTTP: made once shown, listed without their text, rotated, revoked, and kept apart by shop."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.edge.conftest import serving, settings_in
from tests.edge.problems import assert_problem

pytestmark = pytest.mark.anyio


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


async def made(client: httpx.AsyncClient, *scopes: str, by: str = "", **more: Any) -> dict[str, Any]:
    response = await client.post(
        "/keys", json={"name": "a", "scopes": list(scopes), **more}, headers=bearer(by) if by else {}
    )
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def test_the_first_key_closes_the_server_and_must_be_able_to_make_others(tmp_path: Path) -> None:
    async with serving(settings_in(tmp_path)) as client:
        assert_problem(await client.post("/keys", json={"name": "app", "scopes": ["search"]}), "key-refused")
        admin = (await made(client, "admin"))["text"]
        assert_problem(await client.get("/keys"), "key-missing")
        app = await made(client, "search", by=admin, expires_in_days=30)
        listed = await client.get("/keys", headers=bearer(admin))
        assert [one["state"] for one in listed.json()["keys"]] == ["active", "active"]
        assert admin not in listed.text
        assert app["text"] not in listed.text
        assert_problem(await client.get("/keys", headers=bearer(app["text"])), "scope-missing")


async def test_a_key_is_rotated_and_revoked_at_once(tmp_path: Path) -> None:
    async with serving(settings_in(tmp_path)) as client:
        admin = (await made(client, "admin"))["text"]
        old = await made(client, "insights:read", by=admin)
        path = f"/keys/{old['key']['id']}"
        new = (await client.post(f"{path}/rotate", json={"overlap_hours": 1}, headers=bearer(admin))).json()
        assert new["key"]["replaces"] == old["key"]["id"]
        for text in (old["text"], new["text"]):
            assert (await client.get("/insights/health", headers=bearer(text))).status_code == 200
        revoked = await client.delete(path, headers=bearer(admin))
        assert revoked.json()["state"] == "revoked"
        assert_problem(await client.get("/insights/health", headers=bearer(old["text"])), "key-invalid")
        assert_problem(await client.post(f"{path}/rotate", json={}, headers=bearer(admin)), "key-refused")
        assert_problem(await client.delete("/keys/never", headers=bearer(admin)), "key-not-found")
        wrong = {"name": "w", "scopes": ["admin"], "origins": ["https://shop.example"]}
        assert_problem(await client.post("/keys", json=wrong, headers=bearer(admin)), "key-refused")
