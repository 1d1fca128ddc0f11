"""Single attributes of the feed: what is read, and what is refused with which code."""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog import Availability, Money
from app.intake.fields import (
    CURRENCIES,
    NotThis,
    availability,
    category_path,
    clean,
    gtin,
    image_url,
    money,
    url_list,
    web_url,
)


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("129.00 USD", "129.00", "USD"),
        ("129 usd", "129", "USD"),
        ("USD 129.5", "129.5", "USD"),
        ("129.00USD", "129.00", "USD"),
        ("1,299.00 USD", "1299.00", "USD"),
        ("1.299,00 EUR", "1299.00", "EUR"),
        ("129,5 EUR", "129.5", "EUR"),
        ("1,299 USD", "1299", "USD"),
        ("1 299,00 SEK", "1299.00", "SEK"),
        ("1'299.00 CHF", "1299.00", "CHF"),
        ("1.500 KWD", "1.500", "KWD"),
        ("12.345.678 IDR", "12345678", "IDR"),
        ("0 USD", "0", "USD"),
    ],
)
def test_a_price_is_read_as_shops_write_it(text: str, amount: str, currency: str) -> None:
    """Point or comma, code before or behind."""
    assert money(text) == Money(Decimal(amount), currency)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("129.00", "bad-currency"),
        ("$129.00", "bad-currency"),
        ("129.00 XYZ", "bad-currency"),
        ("USD 129 EUR", "bad-currency"),
        ("cheap", "bad-price"),
        ("-5 USD", "bad-price"),
        ("1.2.3,4 USD", "bad-price"),
        ("99999999999 USD", "bad-price"),
        ("1e5 USD", "bad-price"),
        ("NaN USD", "bad-price"),
        ("١٢ USD", "bad-price"),
    ],
)
def test_what_is_no_price_is_refused(text: str, code: str) -> None:
    """With a code that tells amount from currency."""
    with pytest.raises(NotThis) as refused:
        money(text)
    assert refused.value.code == code
    assert "USD" in refused.value.fix


@given(st.decimals(min_value=0, max_value=99_999_999, places=2), st.sampled_from(sorted(CURRENCIES)))
def test_the_documented_form_is_read_exactly(amount: Decimal, currency: str) -> None:
    """Every amount with two decimals comes back as it was."""
    assert money(f"{amount} {currency}") == Money(amount, currency)


@given(st.text())
def test_no_text_crashes_a_reader(text: str) -> None:
    """Whatever a feed holds, the answer is a value or NotThis."""
    readers: list[Callable[[str], object]] = [
        money,
        availability,
        gtin,
        web_url,
        image_url,
        clean,
        url_list,
        category_path,
    ]
    for read in readers:
        with suppress(NotThis):
            read(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in_stock", Availability.IN_STOCK),
        ("In Stock", Availability.IN_STOCK),
        ("in-stock", Availability.IN_STOCK),
        ("https://schema.org/InStock", Availability.IN_STOCK),
        ("http://schema.org/OutOfStock", Availability.OUT_OF_STOCK),
        ("out of stock", Availability.OUT_OF_STOCK),
        ("preorder", Availability.PREORDER),
        ("pre-order", Availability.PREORDER),
        ("backorder", Availability.BACKORDER),
    ],
)
def test_availability_is_read_in_its_spellings(text: str, expected: Availability) -> None:
    """As Google, schema.org and shops write it."""
    assert availability(text) is expected


@pytest.mark.parametrize("digits", ["4006381333931", "036000291452", "96385074", "10614141000415", "978-0-306-40615-7"])
def test_a_right_gtin_is_its_digits(digits: str) -> None:
    """EAN-13, UPC, EAN-8, GTIN-14 and ISBN-13."""
    assert gtin(digits) == digits.replace("-", "")


@pytest.mark.parametrize(
    ("digits", "code"), [("4006381333932", "gtin-check-digit"), ("12345", "bad-gtin"), ("x", "bad-gtin")]
)
def test_a_wrong_gtin_is_told(digits: str, code: str) -> None:
    """A wrong check digit apart from a wrong length."""
    with pytest.raises(NotThis) as refused:
        gtin(digits)
    assert refused.value.code == code


@given(st.integers(min_value=0, max_value=10**12 - 1), st.integers(min_value=1, max_value=9))
def test_one_wrong_digit_is_always_noticed(number: int, error: int) -> None:
    """What the check digit is for."""
    body = f"{number:012d}"
    check = next(digit for digit in "0123456789" if _passes(body + digit))
    wrong = str((int(body[5]) + error) % 10)
    assert not _passes(body[:5] + wrong + body[6:] + check)


def _passes(digits: str) -> bool:
    try:
        return gtin(digits) == digits
    except NotThis:
        return False


@pytest.mark.parametrize(
    "url", ["https://a.example/x.jpg", "HTTP://a.example/x", "pictures/x 1.jpg", "file:///shop/x.jpg", "../x.jpg"]
)
def test_an_image_may_lie_on_the_web_or_beside_the_feed(url: str) -> None:
    """Whether a local one may be read is for the image source to say."""
    assert image_url(url) == url


@pytest.mark.parametrize(
    "url",
    ["ftp://a/x.jpg", "data:image/png;base64,AAAA", "javascript:alert(1)", "https://", "C:\\x.jpg", "/etc/passwd",
     "file://server/x.jpg", "https://[::1", "\\\\server\\x.jpg", "https://a.example/a b.jpg"],
)  # fmt: skip
def test_other_addresses_are_refused(url: str) -> None:
    """Schemes we do not follow, and addresses without a host."""
    with pytest.raises(NotThis) as refused:
        image_url(url)
    assert refused.value.code == "bad-url"


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("https://a/1.jpg,https://a/2.jpg", ["https://a/1.jpg", "https://a/2.jpg"]),
        ("https://a/w_1,h_2/1.jpg, https://a/2.jpg ,", ["https://a/w_1,h_2/1.jpg", "https://a/2.jpg"]),
        ("a.jpg, b.jpg,,c.jpg", ["a.jpg", "b.jpg", "c.jpg"]),
        ("", []),
    ],
)
def test_a_list_of_addresses_is_parted_at_its_commas(text: str, urls: list[str]) -> None:
    """But not at commas inside a web address."""
    assert url_list(text) == urls


def test_a_category_is_a_path() -> None:
    """Also with the sign escaped."""
    assert category_path("Furniture > Chairs &gt; Arm  chairs >") == ("Furniture", "Chairs", "Arm chairs")


@pytest.mark.parametrize(
    ("text", "code"), [("a\x00b", "control-character"), ("a\x1bb", "control-character"), ("\udcff", "bad-encoding")]
)
def test_control_characters_and_undecodable_bytes_are_refused(text: str, code: str) -> None:
    """They would break terminals, XML and pages further on."""
    with pytest.raises(NotThis) as refused:
        clean(text)
    assert refused.value.code == code


def test_line_breaks_and_tabs_become_spaces() -> None:
    """A title is one line."""
    assert clean(" a\r\n\tb  c ") == "a b c"
