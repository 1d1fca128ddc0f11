"""Words a shopper typed to full-text expressions, and the statements about a generation's full-text table. Pure."""

import re

from app.catalog.sqlite.documents import WORD_COLUMNS

MAX_WORDS = 32
"""Words of a query that are looked for; more add time, not meaning."""

_WORD = re.compile(r"[^\W_]+")
_WEIGHTS = (10.0, 6.0, 8.0, 4.0, 4.0, 4.0, 1.0)
"""How much a word counts in each of WORD_COLUMNS: what a thing is called says more than how it is praised."""


def match_expression(text: str) -> str:
    """An FTS5 expression that finds any of the words, or "" when the text has none.

    Each word is a quoted string of letters and digits, so nothing the shopper types is read as FTS5 syntax.
    """
    words = dict.fromkeys(word.casefold() for word in _WORD.findall(text))
    return " OR ".join(f'"{word}"' for word in list(words)[:MAX_WORDS])


def words_table(generation: int) -> str:
    """The name of a generation's full-text table."""
    return f"words_{int(generation)}"


def create_words(generation: int) -> str:
    """Make the full-text table: English stems, accents removed."""
    return (
        f"CREATE VIRTUAL TABLE {words_table(generation)} USING fts5"
        f"({', '.join(WORD_COLUMNS)}, tokenize = 'porter unicode61 remove_diacritics 2')"
    )


def drop_words(generation: int) -> str:
    """Drop the full-text table."""
    return f"DROP TABLE IF EXISTS {words_table(generation)}"


def insert_words(generation: int) -> str:
    """Add one product's words. Parameters: product key, then WORD_COLUMNS."""
    places = ", ".join("?" * (len(WORD_COLUMNS) + 1))
    return f"INSERT INTO {words_table(generation)} (rowid, {', '.join(WORD_COLUMNS)}) VALUES ({places})"  # noqa: S608 - an integer


def delete_words(generation: int) -> str:
    """Remove one product's words. Parameter: product key."""
    return f"DELETE FROM {words_table(generation)} WHERE rowid = ?"  # noqa: S608 - an integer


def copy_words(source: int, target: int) -> str:
    """Copy the words of one product. Parameters: the new product key, the old one."""
    columns = ", ".join(WORD_COLUMNS)
    return (
        f"INSERT INTO {words_table(target)} (rowid, {columns}) "  # noqa: S608 - integers
        f"SELECT ?, {columns} FROM {words_table(source)} WHERE rowid = ?"
    )


def has_words(generation: int) -> str:
    """A row when one product has a word of an expression. Parameters: match_expression(), product key."""
    table = words_table(generation)
    return f"SELECT 1 FROM {table} WHERE {table} MATCH ? AND rowid = ?"  # noqa: S608 - an integer


def search_words(generation: int) -> str:
    """Product keys and relevance (BM25, greater is better, > 0) of an expression. Parameter: match_expression()."""
    table = words_table(generation)
    weights = ", ".join(map(str, _WEIGHTS))
    return f"SELECT rowid, -bm25({table}, {weights}) FROM {table} WHERE {table} MATCH ?"  # noqa: S608 - an integer
