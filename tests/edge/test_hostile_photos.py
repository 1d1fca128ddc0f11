"""Every bad and every turned photo of the measuring data, posted to the application: as promised, never a 5xx."""

import csv
from pathlib import Path

import httpx
import pytest

from tests.edge.problems import assert_problem

pytestmark = [pytest.mark.anyio, pytest.mark.shared_data]

ALLOWED = {"OK": {True}, "REJECT": {False}, "EITHER": {True, False}}


async def test_every_bad_file_is_answered_as_expected(client: httpx.AsyncClient, shared_data: Path) -> None:
    with (shared_data / "bad" / "expect.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    assert rows
    wrong = []
    for row in rows:
        data = (shared_data / "bad" / row["file"]).read_bytes()
        response = await client.post("/search-by-photo", files={"photo": (row["file"], data)})
        if response.status_code != 200:
            assert_problem(response, response.json()["code"])
        if response.status_code >= 500 or (response.status_code == 200) not in ALLOWED[row["expect"]]:
            wrong.append((row["file"], row["expect"], response.status_code))
    assert wrong == []


async def test_every_turned_photo_is_accepted(client: httpx.AsyncClient, shared_data: Path) -> None:
    files = sorted((shared_data / "exif").glob("*.jpg"))
    assert files
    for path in files:
        response = await client.post("/search-by-photo", files={"photo": (path.name, path.read_bytes())})
        assert response.status_code == 200, (path.name, response.text)
