"""A row becomes a product, or is refused with every problem it has."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog import Availability, Money, SeenAttribute
from app.intake import NotARow, RawRow, Severity, TypeFrom, product_from_json, validate
from app.intake.columns import ENDING, READ

ROW: dict[str, str | list[str]] = {
    "id": "SKU-1",
    "title": "Velvet armchair",
    "description": "A soft chair.",
    "link": "https://shop.example/p/1",
    "image_link": "https://shop.example/i/1.jpg",
    "additional_image_link": "https://shop.example/i/2.jpg,https://shop.example/i/1.jpg",
    "availability": "in stock",
    "price": "129.00 USD",
    "sale_price": "99.00 USD",
    "brand": "Nordhem",
    "gtin": "4006381333931",
    "product_type": "Furniture > Chairs > Armchairs",
    "google_product_category": "Furniture > Chairs",
    "color": "Teal/White",
    "material": "Velvet",
    "pattern": "Plain",
    "size": "L",
    "item_group_id": "G1",
    "custom_label_0": "Club Chair",
    "custom_label_2": "new",
}


def test_a_whole_row_becomes_a_product() -> None:
    """Every attribute reaches its field."""
    checked = validate(ROW)
    product = checked.product
    assert product is not None
    assert checked.problems == ()
    assert (product.id, product.title, product.brand) == ("SKU-1", "Velvet armchair", "Nordhem")
    assert product.type == "armchair"
    assert product.category == ("Furniture", "Chairs", "Armchairs")
    assert product.price == Money(Decimal("129.00"), "USD")
    assert product.sells_for == Money(Decimal("99.00"), "USD")
    assert product.availability is Availability.IN_STOCK
    assert product.gtin == "4006381333931"
    assert product.custom_labels == ("Club Chair", "", "new")
    assert [image.url for image in product.images] == ["https://shop.example/i/1.jpg", "https://shop.example/i/2.jpg"]
    assert product.attributes == (
        SeenAttribute("color", "teal", 1.0, "feed"),
        SeenAttribute("color", "white", 1.0, "feed"),
        SeenAttribute("material", "velvet", 1.0, "feed"),
        SeenAttribute("pattern", "plain", 1.0, "feed"),
    )


def test_three_attributes_are_enough() -> None:
    """Everything else may be absent."""
    product = validate({"id": "1", "title": "Mug", "image_link": "m.jpg"}).product
    assert product is not None
    assert (product.type, product.price, product.availability) == (None, None, Availability.IN_STOCK)


LONG = "x" * 20_000


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"id": ""}, "id", "missing-id"),
        ({"id": "  "}, "id", "missing-id"),
        ({"title": ""}, "title", "missing-title"),
        ({"image_link": ""}, "image_link", "missing-image"),
        ({"image_link": []}, "image_link", "missing-image"),
        ({"price": "a lot"}, "price", "bad-price"),
        ({"price": "129.00"}, "price", "bad-currency"),
        ({"sale_price": "$5"}, "sale_price", "bad-currency"),
        ({"availability": "perhaps"}, "availability", "bad-availability"),
        ({"link": "shop/1"}, "link", "bad-url"),
        ({"image_link": "ftp://a/b.jpg"}, "image_link", "bad-url"),
        ({"additional_image_link": "data:image/png;base64,AA"}, "additional_image_link", "bad-url"),
        ({"id": LONG}, "id", "too-long"),
        ({"title": LONG}, "title", "too-long"),
        ({"description": LONG}, "description", "too-long"),
        ({"image_link": f"https://a/{LONG}"}, "image_link", "too-long"),
        ({"material": LONG}, "material", "too-long"),
        ({"title": "a\x07b"}, "title", "control-character"),
        ({"title": "a\udce4b"}, "title", "bad-encoding"),
        ({"id": ["1", "2"]}, "id", "repeated"),
    ],
)
def test_a_row_with_an_error_is_refused(changes: RawRow, field: str, code: str) -> None:
    """One problem each, naming line, product, field, cause and fix."""
    checked = validate({**ROW, **changes}, line=7)
    assert checked.refused
    (problem,) = checked.problems
    assert (problem.line, problem.field, problem.code) == (7, field, code)
    assert problem.severity is Severity.ERROR
    assert problem.cause
    assert problem.fix


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"gtin": "4006381333932"}, "gtin", "gtin-check-digit"),
        ({"gtin": "n/a"}, "gtin", "bad-gtin"),
        ({"sale_price": "199.00 USD"}, "sale_price", "sale-price-not-lower"),
        ({"sale_price": "99.00 EUR"}, "sale_price", "sale-price-not-lower"),
        ({"additional_image_link": [f"{n}.jpg" for n in range(30)]}, "additional_image_link", "too-many-images"),
    ],
)
def test_a_row_with_a_warning_is_taken_without_what_is_wrong(changes: RawRow, field: str, code: str) -> None:
    """The product is there, the doubtful value is not."""
    checked = validate({**ROW, **changes})
    assert checked.product is not None
    (problem,) = checked.problems
    assert (problem.field, problem.code, problem.severity) == (field, code, Severity.WARNING)
    assert checked.product.gtin == ("" if field == "gtin" else "4006381333931")
    assert (checked.product.sale_price is None) == (field == "sale_price")
    assert len(checked.product.images) <= 20


def test_all_problems_of_a_row_are_told_at_once() -> None:
    """So that it is mended once."""
    checked = validate({"title": "x", "price": "?", "availability": "?"})
    assert {problem.code for problem in checked.problems} == {
        "missing-id", "missing-image", "bad-price", "bad-availability",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "type_from", "expected"),
    [
        ({}, TypeFrom.PRODUCT_TYPE, "armchair"),
        ({}, TypeFrom.CUSTOM_LABEL_0, "club chair"),
        ({"custom_label_0": ""}, TypeFrom.CUSTOM_LABEL_0, "armchair"),
        ({"product_type": ""}, TypeFrom.PRODUCT_TYPE, "chair"),
        ({"product_type": "", "google_product_category": "6499"}, TypeFrom.PRODUCT_TYPE, None),
        ({"product_type": ["Home > Vases", "Gifts"]}, TypeFrom.PRODUCT_TYPE, "vase"),
    ],
)
def test_the_type_comes_from_where_the_shop_says(changes: RawRow, type_from: TypeFrom, expected: str | None) -> None:
    """A label as it stands, or the last part of the category in the singular."""
    product = validate({**ROW, **changes}, type_from=type_from).product
    assert product is not None
    assert product.type == expected


OTHER = {"price": "128.00 USD", "availability": "preorder", "gtin": "96385074", "image_link": "https://shop.example/3.jpg",
         "link": "https://shop.example/p/2", "sale_price": "98.00 USD",
         "additional_image_link": "https://a/9.jpg"}  # fmt: skip


@pytest.mark.parametrize("name", sorted(READ - set(ENDING)))
def test_the_content_hash_covers_every_attribute_that_is_read(name: str) -> None:
    """Same row, same hash; any attribute changed, another hash."""
    before, again = validate(ROW).product, validate(dict(ROW)).product
    after = validate({**ROW, name: OTHER.get(name, "something else")}).product
    assert before is not None
    assert again is not None
    assert after is not None
    assert before.content_hash == again.content_hash
    assert before.content_hash != after.content_hash


def test_the_content_hash_ignores_what_is_not_read() -> None:
    """A changed shipping rule analyzes nothing anew."""
    before, after = validate(ROW).product, validate({**ROW, "shipping": "US:5 USD"}).product
    assert before is not None
    assert after is not None
    assert before.content_hash == after.content_hash


values = st.one_of(st.text(max_size=40), st.lists(st.text(max_size=20), max_size=3))


@given(st.dictionaries(st.sampled_from(sorted(READ)), values))
def test_any_row_is_a_product_or_refused_with_reasons(row: RawRow) -> None:
    """Never an exception, never a refusal without a problem that says so."""
    checked = validate(row)
    assert checked.refused == any(problem.refuses for problem in checked.problems)


def test_json_numbers_booleans_and_money_are_read() -> None:
    """The body of PUT /products/{id}."""
    checked = product_from_json(
        {"g:id": 12, "Title": "Mug", "image link": "https://a/1.jpg", "price": {"amount": "9.50", "currency": "USD"},
         "shipping": [{"country": "US"}], "additional_image_link": ["https://a/2.jpg"], "brand": None, "colour": "red"}
    )  # fmt: skip
    product = checked.product
    assert product is not None
    assert (product.id, product.price, len(product.images)) == ("12", Money(Decimal("9.50"), "USD"), 2)
    assert [(problem.code, problem.field) for problem in checked.problems] == [("unknown-field", "colour")]


@pytest.mark.parametrize("value", [[], "x", None, 3, {"title": {"en": "Mug"}}, {"title": [["Mug"]]}])
def test_json_of_another_shape_is_refused(value: object) -> None:
    """With words that say what was found."""
    with pytest.raises(NotARow):
        product_from_json(value)
