"""Every feed format: rows written by the standard library come back; anything else is a problem or a clear error."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, tostring

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.intake import RawRow
from catalog_loader.errors import FeedError
from catalog_loader.feed import MAX_ROW, Row
from catalog_loader.sources import Feed, open_feed

GOOGLE = "http://base.google.com/ns/1.0"
COLUMNS = ("id", "title", "description", "image_link", "price")
Table = list[dict[str, str]]

# Characters XML 1.0 can hold, no line ends (parsers may normalize them; one has its own test), no spaces at the edges.
words = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff\u2028\u2029\x85"), max_size=30
).map(str.strip)
ids = st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)
tables = st.lists(st.fixed_dictionaries({**dict.fromkeys(COLUMNS, words), "id": ids}), min_size=1, max_size=8)


def delimited(delimiter: str) -> Callable[[Table], bytes]:
    def write(table: Table) -> bytes:
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, COLUMNS, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(table)
        return out.getvalue().encode()

    return write


def rss(table: Table) -> bytes:
    root = Element("rss", {"version": "2.0"})
    channel = SubElement(root, "channel")
    SubElement(channel, "title").text = "The shop"
    for row in table:
        item = SubElement(channel, "item")
        for name, text in row.items():
            SubElement(item, f"{{{GOOGLE}}}{name}").text = text
    data: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return data


def atom(table: Table) -> bytes:
    root = Element("{http://www.w3.org/2005/Atom}feed")
    for row in table:
        entry = SubElement(root, "{http://www.w3.org/2005/Atom}entry")
        for name, text in row.items():
            SubElement(entry, f"{{{GOOGLE}}}{name}").text = text
    data: bytes = tostring(root, encoding="utf-8")
    return data


def json_lines(table: Table) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table).encode()


FORMATS = {"tsv": delimited("\t"), "comma": delimited(","), "semicolon": delimited(";"), "bar": delimited("|"),
           "rss": rss, "atom": atom, "jsonl": json_lines}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("feeds")


def opened(folder: Path, data: bytes) -> Feed:
    path = folder / "feed"
    path.write_bytes(data)
    return open_feed(path)


def values(row: RawRow) -> dict[str, str]:
    """The row without what is empty; every text once."""
    return {name: text for name, text in row.items() if text and isinstance(text, str)}


@pytest.mark.parametrize("name", FORMATS)
@given(table=tables)
@settings(max_examples=40, deadline=None)
def test_what_the_standard_library_writes_is_read_back(name: str, folder: Path, table: Table) -> None:
    """Quotes, delimiters, markup and letters of all scripts inside the values."""
    rows = list(opened(folder, FORMATS[name](table)).format.rows())
    assert [row.problem for row in rows] == [None] * len(table)
    assert [values(row.values) for row in rows] == [{key: text for key, text in row.items() if text} for row in table]


@pytest.mark.parametrize("name", FORMATS)
@given(table=tables)
@settings(max_examples=20, deadline=None)
def test_opening_rows_and_closing_make_the_same_feed_again(name: str, folder: Path, table: Table) -> None:
    """What the rejects file is made of."""
    feed = opened(folder, FORMATS[name](table))
    before = list(feed.format.rows())
    text = feed.format.opening + "".join(row.text for row in before) + feed.format.closing
    again = opened(folder, text.encode(feed.encoding, feed.errors)).format
    assert again.kind == feed.format.kind
    assert [values(row.values) for row in again.rows()] == [values(row.values) for row in before]
    assert not again.cut_short


@given(data=st.binary(max_size=400) | st.binary(max_size=200).map(lambda tail: b"id\ttitle\timage_link\n" + tail)
       | st.binary(max_size=200).map(lambda tail: b"id,title\n\"" + tail)
       | st.binary(max_size=200).map(lambda tail: b"<rss><channel><item>" + tail)
       | st.binary(max_size=200).map(lambda tail: b"<feed><entry><id>1</id></entry>" + tail)
       | st.binary(max_size=200).map(lambda tail: b'{"id":' + tail)
       | st.binary(max_size=200).map(lambda tail: b"\x1f\x8b" + tail))  # fmt: skip
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_are_rows_problems_or_a_clear_error(folder: Path, data: bytes) -> None:
    """Never another exception."""
    with suppress(FeedError):
        rows = list(opened(folder, data).format.rows())
        assert all(row.values or row.problem or row.text.strip() for row in rows)


@given(
    table=tables, place=st.integers(0, 5_000), data=st.binary(min_size=1, max_size=8), name=st.sampled_from([*FORMATS])
)
@settings(max_examples=150, deadline=None)
def test_damage_in_the_middle_never_crashes(folder: Path, table: Table, place: int, data: bytes, name: str) -> None:
    """A good feed with bytes overwritten somewhere."""
    whole = FORMATS[name](table)
    place %= len(whole)
    with suppress(FeedError):
        list(opened(folder, whole[:place] + data + whole[place + len(data) :]).format.rows())


def rows_of(folder: Path, data: bytes) -> list[Row]:
    return list(opened(folder, data).format.rows())


def test_a_stray_quotation_mark_costs_only_its_own_row(folder: Path) -> None:
    """It would swallow everything up to the next one."""
    rows = rows_of(folder, b'id,title,price\n1,a,1\n2,"b,2\n3,"c ""d""",3\n4,"e" f,4\n5,"two\nlines",5\n')
    assert [row.values.get("title") for row in rows] == ["a", None, 'c "d"', None, "two\nlines"]
    assert [(row.line, row.problem.code) for row in rows if row.problem] == [(3, "broken-quotes"), (5, "broken-quotes")]
    assert [row.line for row in rows] == [2, 3, 4, 5, 6]


def test_a_tsv_may_use_quotation_marks_as_inches(folder: Path) -> None:
    """As many exports do."""
    rows = rows_of(folder, b'id\ttitle\n1\t12" frame\n2\t"Big" chair\n3\t"open\n4\t"a\tb"\n')
    assert [row.values.get("title") for row in rows] == ['12" frame', '"Big" chair', '"open', "a\tb"]


def test_too_many_fields_are_a_problem_too_few_are_empty(folder: Path) -> None:
    """More would shift values into wrong columns; less is how some programs end a line."""
    rows = rows_of(folder, b"id,title,price\n1,a,1,USD\n2,b\n3,c,1,,\n\n , ,\n")
    assert [row.problem.code if row.problem else row.values["id"] for row in rows] == ["wrong-columns", "2", "3"]


def test_a_row_without_end_is_cut_off(folder: Path) -> None:
    """It must not fill the memory; the rows around it are read."""
    rows = rows_of(folder, b"id,title\n1,a\n2," + b"x" * (2 * MAX_ROW + 5) + b"\n3,c\n")
    assert [row.problem.code if row.problem else row.values["id"] for row in rows] == ["1", "too-long", "3"]
    rows = rows_of(folder, b'{"id": 1}\n{"id": "' + b"x" * (2 * MAX_ROW) + b'"}\n{"id": 3}\n')
    assert [row.problem.code if row.problem else row.values["id"] for row in rows] == ["1", "too-long", "3"]
    big = (
        b"<rss><item><id>1</id></item><item><id>2</id><x>"
        + b"y" * (3 * MAX_ROW)
        + b"</x></item><item><id>3</id></item>"
    )
    rows = rows_of(folder, big + b"</rss>")
    assert [row.problem.code if row.problem else row.values["id"] for row in rows] == ["1", "broken-xml", "3"]


def test_repeated_columns_and_elements_are_lists(folder: Path) -> None:
    """Several additional_image_link columns, elements or JSON texts."""
    expected = {"id": "1", "additional_image_link": ["a", "b"]}
    for data in (
        b"id,additional_image_link,additional image link\n1,a,b\n",
        b"<rss><channel><item><id>1</id><g:additional_image_link>a</g:additional_image_link>"
        b"<g:additional_image_link>b</g:additional_image_link></item></channel></rss>",
        b'{"id": 1, "additional_image_link": ["a", "b"]}\n',
    ):
        (row,) = rows_of(folder, data)
        assert row.values == expected


RSS = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<!-- a <item> in a comment -->
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>S</title>
<item><title>plain</title><g:title>Caf\xe9</g:title><g:id>1</g:id><guid>x</guid>
<g:shipping><g:price>1 USD</g:price></g:shipping></item>
<item><g:id>2</g:id><title>Salt & Pepper</title></item>
<item><g:id>3</g:id><description><![CDATA[<b>soft</b> </item> & warm]]></description></item>
<item><g:id>4</g:id>
<item><g:id>5</g:id><title>a&nbsp;b</title></item>
<item><g:id>6</g:id></item>
</channel></rss>
"""


def test_broken_items_cost_only_themselves(folder: Path) -> None:
    """A bare ampersand, an unclosed item, an unknown entity; with the line where it is."""
    feed = opened(folder, RSS)
    rows = list(feed.format.rows())
    assert [row.values.get("id") for row in rows] == ["1", None, "3", None, None, "6"]
    assert [row.line for row in rows if row.problem and row.problem.code == "broken-xml"] == [6, 8, 9]
    assert rows[0].values["title"] == "Café"
    assert rows[2].values["description"] == "<b>soft</b> </item> & warm"
    assert not feed.format.cut_short
    assert feed.format.kind == "rss"


def test_an_atom_entry_gives_its_link(folder: Path) -> None:
    """In an attribute; of several the alternate one. g: elements win over Atom's own."""
    (row,) = rows_of(
        folder,
        b"""<feed xmlns='http://www.w3.org/2005/Atom' xmlns:x='http://base.google.com/ns/1.0'>
<title>Shop</title><entry><id>tag:1</id><x:id>1</x:id><link rel='self' href='https://a/self'/><link href='https://a/1'/>
<summary>Soft.</summary></entry></feed>""",
    )
    assert row.values == {"id": "1", "link": "https://a/1", "description": "Soft."}


def test_entities_are_never_expanded(folder: Path) -> None:
    """A feed with a billion laughs costs its items, nothing else."""
    laughs = (
        b'<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><rss><channel><item><id>&b;</id></item></channel></rss>'
    )
    (row,) = rows_of(folder, laughs)
    assert row.problem is not None
    assert row.problem.code == "broken-xml"


def test_a_feed_that_ends_too_early_is_noticed(folder: Path) -> None:
    """XML says where it ends; half a feed must not replace a whole one."""
    feed = opened(folder, RSS[: RSS.index(b"<item><g:id>3")])
    assert len(list(feed.format.rows())) == 2
    assert feed.format.cut_short


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
     ("utf-16-be", "utf-16-be"), ("cp1252", "cp1252")],
)  # fmt: skip
def test_the_encoding_is_told_by_content(folder: Path, encoding: str, expected: str) -> None:
    """Only where it is a guess there is a warning."""
    feed = opened(folder, "id,title,brand\n1,Größe,Möbel\n2,Sessel,Café\n".encode(encoding))
    assert feed.encoding == expected
    assert [row.values["title"] for row in feed.format.rows()] == ["Größe", "Sessel"]
    assert [problem.code for problem in feed.warnings] == (["not-utf8"] if encoding == "cp1252" else [])


def test_a_few_wrong_bytes_in_utf8_stay_in_their_row(folder: Path) -> None:
    """They do not turn the letters of all other rows into nonsense."""
    feed = opened(folder, "id,title\n1,Größe\n2,Höhe\n".encode() + b"3,\xff\n")
    assert feed.encoding == "utf-8"
    rows = list(feed.format.rows())
    assert rows[0].values["title"] == "Größe"
    assert rows[2].text.encode("utf-8", feed.errors) == b"3,\xff\n"


def test_gzip_is_unpacked(folder: Path) -> None:
    """By content, whatever the name; a cut one is told."""
    packed = gzip.compress(b"id,title\n" + b"".join(b"%d,t\n" % n for n in range(2000)))
    assert len(rows_of(folder, packed)) == 2000
    with pytest.raises(FeedError) as broken:
        opened(folder, packed[:-20])
    assert broken.value.code == "feed-broken"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
        (b"\n<HTML><head>", "a web page"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml", "an Excel workbook"),
        (b"PK\x03\x04" + b"\0" * 26 + b"feed.tsv", "a ZIP archive"),
        (b"\xff\xd8\xff\xe0....", "a JPEG picture"),
        (b"\0\0\0\x18ftypheic", "a HEIC or AVIF picture, or a video"),
        (b'[\n {"id": 1}]', "a JSON document"),
        (b'{\n  "id": 1\n}', "a JSON document"),
        (b"<products><product/></products>", "other XML"),
        (b"<svg xmlns='x'/>", "other XML"),
        (b"", "nothing"),
        (b" \n\n", "nothing"),
        (b"hello\nworld\n", "text without a feed's header line"),
        (b"title,price\nx,1\n", "text without a feed's header line"),
        (b"ab\0\0cd\0\xff\x01" * 20, "binary data"),
    ],
)
def test_what_is_no_feed_is_called_by_its_name(folder: Path, data: bytes, found: str) -> None:
    """And the way to a feed is told."""
    with pytest.raises(FeedError) as refused:
        opened(folder, data)
    assert refused.value.code == "not-a-feed"
    assert refused.value.extra == {"found": found}
    assert refused.value.fix


def test_a_path_that_cannot_be_read_is_told(folder: Path) -> None:
    """No such file, or a folder."""
    for path in (folder / "none.tsv", folder):
        with pytest.raises(FeedError) as refused:
            open_feed(path)
        assert refused.value.code == "feed-unreachable"
