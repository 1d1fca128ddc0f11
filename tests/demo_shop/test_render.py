"""The renderer gives the same bytes twice, and a build goes on where it stopped."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.render,
    pytest.mark.skipif(
        importlib.util.find_spec("mitsuba") is None,
        reason="rendering needs the demo extra: pip install 'akin[demo]'",
    ),
]

if importlib.util.find_spec("mitsuba") is not None:
    from demo_shop.build import Plan, make, run
    from demo_shop.build import jobs as planned


def plan(out: Path) -> Plan:
    (out / "pictures").mkdir(parents=True, exist_ok=True)
    (out / "photos").mkdir(exist_ok=True)
    return Plan(
        out=out,
        seed=5,
        designs=1,
        words=("mug",),
        most_variants=2,
        views=1,
        photos=1,
        strangers=1,
        size=48,
        photo_size=48,
        samples=2,
        quality=80,
        variant="scalar_rgb",
    )


def test_a_picture_rendered_twice_is_the_same_to_the_byte(tmp_path: Path) -> None:
    wanted = plan(tmp_path)
    for job in planned(wanted)[:2]:
        make(wanted, job)
        first = (tmp_path / job.path).read_bytes()
        make(wanted, job)
        assert (tmp_path / job.path).read_bytes() == first


def test_a_build_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole, broken = plan(tmp_path / "whole"), plan(tmp_path / "broken")
    list(run(whole, processes=1))
    for done, _ in run(broken, processes=1):
        if done == 2:
            break
    left = [done for done, _ in run(broken, processes=1)]
    assert left[0] == 2
    for name in ("feed.tsv", "queries.jsonl"):
        assert (broken.out / name).read_text() == (whole.out / name).read_text()
    truths = [json.loads(line) for line in (whole.out / "queries.jsonl").read_text().splitlines()]
    assert [truth["sold"] for truth in truths] == [True, False]
    for path in whole.out.rglob("*.jpg"):
        assert path.read_bytes() == (broken.out / path.relative_to(whole.out)).read_bytes()
