"""What a shopper types never becomes FTS5 syntax."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.catalog.sqlite import queries
from app.catalog.sqlite.database import Database

HOSTILE = [
    'a" OR title:*', "title : chair", "NEAR(a b, 3)", "a AND NOT b", "chair*", "^chair",  "{title brand}: x", '""',
    "a + b", "'; DROP TABLE products; --", "(((((", "-chair", "OR", "AND OR NOT", "words_1", "rank", "\x00chair",
    "a\ud7ffb",
]  # fmt: skip


@given(st.text())
@example('"')
def test_an_expression_is_quoted_words_and_nothing_else(text: str) -> None:
    expression = queries.match_expression(text)
    words = [word for word in expression.split(" OR ") if expression]
    assert all(word[0] == word[-1] == '"' and word[1:-1].isalnum() for word in words)
    assert len(words) <= queries.MAX_WORDS


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    opened = Database(Path(tmp_path_factory.mktemp("words")) / "catalog.db")
    with opened.write() as connection:
        connection.execute(queries.create_words(7))
        connection.execute(queries.insert_words(7), (1, "Chair", "or", "", "", "", "", ""))
    return opened


@given(st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1)))
def test_any_text_can_be_looked_for(database: Database, text: str) -> None:
    expression = queries.match_expression(text)
    if expression:
        with database.read() as connection:
            found = connection.execute(queries.search_words(7), (expression,)).fetchall()
        assert {key for key, _ in found} <= {1}
        assert all(relevance > 0 for _, relevance in found)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_finds_by_its_words_only(database: Database, text: str) -> None:
    words = {"chair", "or"} & {word.strip('"') for word in queries.match_expression(text).split(" OR ")}
    expression = queries.match_expression(text)
    with database.read() as connection:
        found = connection.execute(queries.search_words(7), (expression,)).fetchall() if expression else []
    assert bool(found) == bool(words)


def test_a_long_text_is_cut() -> None:
    assert queries.match_expression(" ".join(f"w{number}" for number in range(500))).count(" OR ") == 31
