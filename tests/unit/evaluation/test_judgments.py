"""What is true of a photo, read from a file and compared with products."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.evaluation import InvalidQueries, JudgedPhoto, read_judged_photos
from app.evaluation.judgments import grade, parsed, right_rank, similar, similarity
from tests.builders import a_product

SOLD = a_product("p1", item_group_id="g1", pattern="striped")
TRUE = JudgedPhoto(1, Path("a.jpg"), product="p1", group="g1", type="armchair", color="teal")


def test_a_file_is_read_in_order_with_paths_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "queries.jsonl"
    file.write_text(
        '{"photo": "a.jpg", "product": "p1", "group": "g1", "type": "armchair", "color": "teal",'
        ' "box": [0.1, 0.2, 0.5, 0.5], "sold": true, "split": "fit", "conditions": ["blur"]}\n\n'
        '{"photo": "b.jpg", "product": null, "box": {"x": 0, "y": 0.5, "width": 1, "height": 0.5},'
        ' "conditions": {"blur": 0.11, "light": "warm"}}\n{"photo": "c.jpg", "judgments": {"p1": 3, "p2": 1}}\n',
        encoding="utf-8",
    )
    first, second, third = read_judged_photos(file)
    assert (first.photo, first.split, first.conditions) == (tmp_path / "a.jpg", "fit", ("blur",))
    assert first.box == (0.1, 0.2, 0.5, 0.5)
    assert [second.sold, second.searchable, second.split, second.number] == [False, False, "", 3]
    assert second.box == (0.0, 0.5, 1.0, 0.5)
    assert second.conditions == ("blur 0.11", "light warm")
    assert third.searchable


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "1", "{}", '{"photo": "a", "box": [1, 2]}', '{"photo": "a", "box": "x"}',
     '{"photo": "a", "judgments": {"p": 4}}', '{"photo": "a", "judgments": {"p": "good"}}',
     '{"photo": "a", "conditions": 3}'],
)  # fmt: skip
def test_a_line_that_does_not_fit_is_refused_with_its_number(tmp_path: Path, line: str) -> None:
    file = tmp_path / "queries.jsonl"
    file.write_text(f'{{"photo": "a.jpg"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(InvalidQueries) as refused:
        read_judged_photos(file)
    assert refused.value.extra == {"line": 2}


@given(st.text())
def test_a_line_of_anything_is_refused(line: str) -> None:
    with pytest.raises(InvalidQueries) as refused:
        parsed(line, 1, Path())
    assert refused.value.fix


def test_an_absent_empty_or_foreign_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xd8\xff")
    for name in ("absent", "empty", "binary"):
        with pytest.raises(InvalidQueries):
            read_judged_photos(tmp_path / name)


def test_grades_fall_from_product_over_group_to_type() -> None:
    assert grade(TRUE, SOLD) == 3
    assert grade(TRUE, a_product("p2", item_group_id="g1")) == 2
    assert grade(TRUE, a_product("p3", item_group_id="g2")) == 1
    assert grade(TRUE, a_product("p4", type="vase")) == 0
    assert grade(JudgedPhoto(1, Path("a"), sold=False, type="armchair"), SOLD) == 0


def test_peoples_grades_replace_the_proxy() -> None:
    judged = JudgedPhoto(1, Path("a"), product="p1", judgments={"p9": 2.0, "p8": 3.0, "p7": 1.0})
    assert (grade(judged, SOLD), grade(judged, a_product("p9"))) == (0.0, 2.0)
    assert similar(judged, a_product("p9"), SOLD)
    assert not similar(judged, a_product("p7"), SOLD)
    assert not similar(judged, SOLD, SOLD)
    assert right_rank(judged, ["p9", "p8"]) == [False, True]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"material": "Velvet", "color": "Teal", "pattern": "plain"}, True),
        ({"material": "velvet", "color": "red", "pattern": "striped"}, True),
        ({"material": "velvet", "color": "Teal/Mint", "pattern": "plain"}, True),
        ({"material": "velvet", "color": "Mint/Teal", "pattern": "plain"}, False),
        ({"material": "velvet", "color": "red", "pattern": ""}, False),
        ({"material": "velvet", "color": "teal", "pattern": "striped", "type": "sofa"}, False),
        ({"material": "", "color": "teal", "pattern": ""}, False),
    ],
)
def test_similar_is_the_same_type_with_two_traits_in_common(changes: dict[str, Any], expected: bool) -> None:
    assert similar(TRUE, replace(a_product("p5"), **changes), SOLD) is expected


def test_traits_nobody_named_are_not_in_common() -> None:
    bare = a_product("p1", color="", material="", pattern="")
    assert not similar(
        JudgedPhoto(1, Path("a"), product="p1", type="armchair"), a_product("p2", color="", material=""), bare
    )


def test_where_traits_are_not_known_nobody_can_tell() -> None:
    truth = JudgedPhoto(1, Path("a"), product="p1", type="armchair")
    bare = a_product("p1", color="", material="", pattern="")
    assert similarity(truth, a_product("p2", color="", material=""), bare) is None
    assert similarity(truth, a_product("p2", color="red", material=""), a_product("p1", pattern="plain")) is None
    assert similarity(truth, a_product("p2", color="red", material="oak"), a_product("p1", pattern="plain")) is False
    assert similarity(truth, a_product("p2", type="vase"), bare) is False


def test_a_variant_is_similar_whatever_its_color() -> None:
    assert similar(TRUE, a_product("p6", item_group_id="g1", color="red", material="leather"), SOLD)
