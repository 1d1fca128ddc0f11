"""The search lab over HTTP: a real search taken apart, judged, measured and compared."""

import asyncio
import io
import json
import zipfile
from math import exp
from typing import Any

import httpx
import pytest

from app.settings import Settings
from tests.builders import a_photo_file
from tests.edge.conftest import serving
from tests.edge.problems import assert_problem

pytestmark = pytest.mark.anyio

MORE_COLOR = {"fine": {"weights": {"hue": 9, "palette": 9}}, "coarse": {"weights": {"colors": 9}}}


async def in_lab(client: httpx.AsyncClient, **fields: str) -> dict[str, Any]:
    sent: dict[str, Any] = {name: (None, value) for name, value in fields.items()}
    if "photo_id" not in fields:
        sent["photo"] = a_photo_file("ring", "teal", seed=9)
    response = await client.post("/lab/search", files=sent)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def test_every_candidate_is_told_with_how_its_score_adds_up(client: httpx.AsyncClient) -> None:
    lab = await in_lab(client)
    served = (await client.post("/search-by-photo", files={"photo": a_photo_file("ring", "teal", seed=9)})).json()
    assert lab["found"] == len(lab["candidates"]) == 10
    assert lab["total"] == served["total"]
    for place, one in enumerate(lab["candidates"], start=1):
        now = one["now"]
        assert now["place"] == place
        assert now["logit"] == pytest.approx(now["constant"] + sum(part["adds"] for part in now["parts"]))
        assert now["score"] == pytest.approx(1 / (1 + exp(-now["logit"])))
        assert one["trial"] is None
    assert [one["product"]["id"] for one in lab["candidates"]][: served["total"]] == [
        item["product"]["id"] for item in served["items"]
    ]
    assert [one["reasons"] for one in lab["candidates"]][: served["total"]] == [
        item["reasons"] for item in served["items"]
    ]


async def test_trial_weights_stand_beside_those_that_serve(client: httpx.AsyncClient) -> None:
    plain = await in_lab(client)
    trial = await in_lab(client, photo_id=plain["photo_id"], weights=json.dumps(MORE_COLOR))
    assert [one["now"] for one in trial["candidates"]] == [one["now"] for one in plain["candidates"]]
    for one in trial["candidates"]:
        assert one["trial"]["score"] >= one["now"]["score"]
    assert trial["trial_total"] >= trial["total"]
    assert (await in_lab(client, photo_id=plain["photo_id"]))["candidates"] == plain["candidates"]


async def test_weights_that_cannot_be_used_are_refused(client: httpx.AsyncClient) -> None:
    for weights in ("{", "[]", '{"fine": {"weights": {"hue": -1}}}'):
        response = await client.post("/lab/search", files={"photo": a_photo_file()}, data={"weights": weights})
        assert_problem(response, "invalid-weights")
    shown = (await client.get("/lab/weights")).json()
    assert set(shown["stages"]) == {"fine", "coarse", "words"}


async def judged(client: httpx.AsyncClient, shape: str, ink: str, seed: int, **told: Any) -> dict[str, Any]:
    response = await client.post(
        "/judged-photos",
        files={"photo": a_photo_file(shape, ink, seed=seed)},
        data={"judged": json.dumps({"name": f"{shape}.jpg", "product": f"{shape}-{ink}", **told})},
    )
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def finished(client: httpx.AsyncClient, **order: Any) -> dict[str, Any]:
    begun = await client.post("/evaluations", json=order)
    assert begun.status_code == 202, begun.text
    now: dict[str, Any] = {}
    for _ in range(1_200):
        now = (await client.get(begun.headers["location"])).json()
        if now["state"] != "running":
            break
        await asyncio.sleep(0.05)
    assert now["state"] == "done", now
    answer: dict[str, Any] = now
    return answer


async def test_photos_are_judged_measured_and_two_settings_compared(settings: Settings) -> None:
    async with serving(settings) as client:
        ring = await judged(client, "ring", "teal", 9)
        again = await judged(client, "ring", "teal", 9, judgments={"ring-teal": 3, "ring-red": 2, "box-red": 0})
        assert again["id"] == ring["id"]
        await judged(client, "cross", "red", 8)
        changed = await client.patch(f"/judged-photos/{ring['id']}", json={"judgments": {"box-red": None}})
        assert changed.json()["judgments"] == {"ring-teal": 3, "ring-red": 2}
        assert changed.json()["product"] == "ring-teal"
        assert (await client.get(ring["photo"])).headers["content-type"] == "image/jpeg"

        first = await finished(client, name="as it serves")
        assert first["done"] == first["whole"] == 2
        assert first["measures"]["hit@1"]["count"] == 2
        shown = (await client.get("/lab/weights")).json()["stages"]
        blind = {stage: {"weights": dict.fromkeys(shown[stage]["weights"], 0)} for stage in ("fine", "coarse")}
        second = await finished(client, name="blind", weights=blind)
        path = f"/evaluations/{second['id']}/comparison"
        compared = (await client.get(path, params={"earlier": first["id"]})).json()
        assert compared["photos"] == 2
        assert compared["changes"]["hit@1"]["difference"]["value"] < 0
        assert {one["photo"] for one in compared["worse"]} <= {ring["id"], *second["photos"]}
        assert compared["worse"][0]["name"].endswith(".jpg")
        assert compared["better"] == []
        assert len((await client.get("/evaluations")).json()["evaluations"]) == 2
        assert_problem(await client.get("/evaluations/none"), "evaluation-not-found")
        assert_problem(await client.post("/evaluations", json={"weights": {"no": 1}}), "invalid-weights")


async def test_a_judged_set_goes_out_and_comes_in_again(settings: Settings) -> None:
    async with serving(settings) as client:
        ring = await judged(client, "ring", "teal", 9, judgments={"ring-teal": 3}, split="fit")
        other = await judged(client, "ball", "red", 3, sold=False, product=None)
        exported = (await client.get("/judged-photos/export")).content
        again = await client.post("/judged-photos/import", files={"set": ("judged.zip", exported)})
        assert again.json() == {"taken": 2, "refused": []}
        assert len((await client.get("/judged-photos")).json()["photos"]) == 2
        for one in (ring, other):
            assert (await client.delete(f"/judged-photos/{one['id']}")).status_code == 204
        assert (await client.get("/judged-photos")).json() == {"photos": []}
        assert_problem(await client.post("/evaluations", json={}), "nothing-judged")
        back = await client.post("/judged-photos/import", files={"set": ("judged.zip", exported)})
        assert back.json() == {"taken": 2, "refused": []}
        kept = {one["product"]: one for one in (await client.get("/judged-photos")).json()["photos"]}
    assert kept["ring-teal"]["judgments"] == {"ring-teal": 3.0}
    assert kept["ring-teal"]["split"] == "fit"
    assert kept[None]["sold"] is False


def a_zip(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("_", "."), data)
    return out.getvalue()


async def test_one_bad_photo_stops_no_import(settings: Settings) -> None:
    lines = b'{"photo": "good.jpg", "product": "ring-teal"}\n{"photo": "bad.jpg"}\n{"photo": "../../etc/passwd"}\n'
    packed = a_zip(queries_jsonl=lines, good_jpg=a_photo_file("ring", "teal"), bad_jpg=b"no picture at all" * 99)
    async with serving(settings) as client:
        told = (await client.post("/judged-photos/import", files={"set": ("a.zip", packed)})).json()
    assert told["taken"] == 1
    assert [(one["line"], one["photo"]) for one in told["refused"]] == [(2, "bad.jpg"), (3, "../../etc/passwd")]
    assert all(one["detail"] and one["fix"] for one in told["refused"])


@pytest.mark.parametrize(
    "sent",
    [
        b"no zip",
        a_zip(readme_txt=b"hello"),
        a_zip(queries_jsonl=b'{"product": "no photo"}\n'),
        a_zip(queries_jsonl=b"\xff\xfe"),
        a_zip(queries_jsonl=b" " * (9 << 20)),
    ],
    ids=["no zip", "no list", "no photo", "no text", "a bomb"],
)
async def test_a_file_that_is_no_judged_set_is_refused(client: httpx.AsyncClient, sent: bytes) -> None:
    assert_problem(await client.post("/judged-photos/import", files={"set": ("a.zip", sent)}), "invalid-judged-set")


async def test_a_bomb_of_a_photo_is_refused_unread(settings: Settings) -> None:
    packed = a_zip(queries_jsonl=b'{"photo": "big.jpg"}\n', big_jpg=b"\0" * (20 << 20))
    assert len(packed) < 100_000
    async with serving(settings) as client:
        told = (await client.post("/judged-photos/import", files={"set": ("a.zip", packed)})).json()
    assert told["taken"] == 0
    assert told["refused"][0]["code"] == "invalid-judged-set"
