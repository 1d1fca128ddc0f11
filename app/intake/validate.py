"""A raw row of the Merchant feed -> a Product without evidence, or the problems that refuse it. Pure."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from app.catalog import Availability, Product, ProductImage, SeenAttribute
from app.intake.columns import READ, REPEATED, REQUIRED, UNUSED, canonical
from app.intake.fields import (
    NotThis,
    availability,
    category_path,
    clean,
    gtin,
    image_url,
    money,
    shown,
    url_list,
    web_url,
)
from app.intake.problem import Problem, Severity
from app.intake.rows import RawRow, row_from_json
from app.intake.words import singular

T = TypeVar("T")

MAX_LENGTH = {
    "id": 100,
    "title": 300,
    "description": 10_000,
    "link": 2_048,
    "image_link": 2_048,
    "additional_image_link": 2_048,
    "gtin": 50,
    "brand": 140,
    "item_group_id": 100,
    "product_type": 750,
    "google_product_category": 750,
}
"""Characters; never less than what Google Merchant Center takes, so that a feed it accepts passes here too."""
MAX_LENGTH_OTHER = 200
MAX_IMAGES = 20
"""Pictures kept of one product; Google takes 11."""

_HASH_VERSION = "1"
"""Part of every content hash: raise it when the same feed row shall be read differently, so that it is loaded anew."""


class TypeFrom(StrEnum):
    """Which attribute names the kind of thing a product is."""

    PRODUCT_TYPE = "product_type"  # its last segment, in the singular
    CUSTOM_LABEL_0 = "custom_label_0"  # as it stands, lower case; likewise the other labels
    CUSTOM_LABEL_1 = "custom_label_1"
    CUSTOM_LABEL_2 = "custom_label_2"
    CUSTOM_LABEL_3 = "custom_label_3"
    CUSTOM_LABEL_4 = "custom_label_4"


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a row. product: None when an error refuses it. problems: errors and warnings, in feed order."""

    product: Product | None
    problems: tuple[Problem, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the row gives no product."""
        return self.product is None


def unread_columns(names: Iterable[str]) -> list[str]:
    """The names among these that are neither read nor known parts of the Merchant feed; worth one warning a feed."""
    return sorted({name for name in names if canonical(name) not in READ | UNUSED})


def validate(row: RawRow, *, line: int = 0, type_from: TypeFrom = TypeFrom.PRODUCT_TYPE) -> Checked:
    """Check one row and build its product; all its problems are found at once.

    line: where the row stands in the feed, for the problems. The same row and type_from give the same content_hash.
    """
    reader = _Reader(row)
    product = reader.product(type_from)
    problems = tuple(replace(problem, line=line, product_id=reader.id) for problem in reader.problems)
    return Checked(None if any(problem.refuses for problem in problems) else product, problems)


@dataclass(slots=True)
class _Reader:
    """Reads the attributes of one row and collects what is wrong with them."""

    row: RawRow
    id: str = ""
    problems: list[Problem] = field(default_factory=list)

    def product(self, type_from: TypeFrom) -> Product:
        """The product as far as it can be read; whether it may be used is for the problems to say."""
        self.id = self._text("id")
        labels = [self._text(f"custom_label_{number}") for number in range(5)]
        paths = [path for path in map(category_path, self._texts("product_type")) if path]
        google = self._text("google_product_category")
        price = self._parsed("price", money)
        sale = self._parsed("sale_price", money)
        if sale and price and (sale.currency != price.currency or sale.amount > price.amount):
            cause = f"The sale price {sale.amount} {sale.currency} is no reduction of {price.amount} {price.currency}."
            self._add(
                "sale-price-not-lower", "sale_price", cause, "It was left out; correct one of the two.", warn=True
            )
            sale = None
        product = Product(
            id=self.id,
            title=self._text("title"),
            description=self._text("description"),
            link=self._parsed("link", web_url) or "",
            brand=self._text("brand"),
            type=_type(type_from, labels, paths, google),
            category=paths[0] if paths else (),
            google_category=google,
            price=price,
            sale_price=sale,
            availability=self._parsed("availability", availability) or Availability.IN_STOCK,
            gtin=self._parsed("gtin", gtin, warn=True) or "",
            color=self._text("color"),
            material=self._text("material"),
            pattern=self._text("pattern"),
            size=self._text("size"),
            item_group_id=self._text("item_group_id"),
            custom_labels=_without_empty_end(labels),
            images=self._images(),
        )
        self._require()
        return replace(product, attributes=feed_attributes(product), content_hash=content_hash(product))

    def _add(self, code: str, name: str, cause: str, fix: str, *, warn: bool = False) -> None:
        severity = Severity.WARNING if warn else Severity.ERROR
        self.problems.append(Problem(code, name, cause, fix, severity=severity))

    def _texts(self, name: str) -> list[str]:
        """The attribute's non-empty texts, cleaned; a text that cannot be used is a problem and left out."""
        found = self.row.get(name, "")
        values = []
        for raw in [found] if isinstance(found, str) else found:
            try:
                value = clean(raw)
            except NotThis as wrong:
                self._add(wrong.code, name, wrong.cause, wrong.fix)
                continue
            longest = MAX_LENGTH.get(name, MAX_LENGTH_OTHER)
            if len(value) > longest and name != "additional_image_link":  # a list of addresses: each is checked below
                cause = f"{name} has {len(value)} characters; {longest} is the limit."
                self._add("too-long", name, cause, "Shorten it.")
            elif value:
                values.append(value)
        if len(set(values)) > 1 and name not in REPEATED:
            self._add("repeated", name, f"{name} is given {len(values)} times.", "Give it once.")
        return values

    def _text(self, name: str) -> str:
        return next(iter(self._texts(name)), "")

    def _parsed(self, name: str, parse: Callable[[str], T], *, warn: bool = False) -> T | None:
        text = self._text(name)
        if not text:
            return None
        try:
            return parse(text)
        except NotThis as wrong:
            self._add(wrong.code, name, wrong.cause, wrong.fix + (" It was left out." if warn else ""), warn=warn)
            return None

    def _images(self) -> tuple[ProductImage, ...]:
        """Main picture first, each address once."""
        main = self._text("image_link")
        others = [url for text in self._texts("additional_image_link") for url in url_list(text)]
        urls: dict[str, None] = {}
        for name, url in [("image_link", main), *(("additional_image_link", other) for other in others)]:
            try:
                if len(url) > MAX_LENGTH[name]:
                    fix = "Shorten it."
                    raise NotThis(
                        "too-long", f"An address has {len(url)} characters; {MAX_LENGTH[name]} is the limit.", fix
                    )
                if url:
                    urls[image_url(url)] = None
            except NotThis as wrong:
                self._add(wrong.code, name, wrong.cause, wrong.fix)
        if len(urls) > MAX_IMAGES:
            cause = f"The product has {len(urls)} pictures; the first {MAX_IMAGES} are used."
            self._add("too-many-images", "additional_image_link", cause, "Name the best ones first.", warn=True)
        return tuple(ProductImage(url) for url in list(urls)[:MAX_IMAGES])

    def _require(self) -> None:
        told = {problem.field for problem in self.problems}
        for name in REQUIRED:
            found = self.row.get(name, "")
            if name not in told and not (found if isinstance(found, str) else "".join(found)).strip():
                self._add(
                    f"missing-{name.replace('_link', '')}",
                    name,
                    f"The row has no {name}.",
                    f"Give the product its {name}.",
                )


def _type(type_from: TypeFrom, labels: list[str], paths: list[tuple[str, ...]], google: str) -> str | None:
    """What kind of thing it is; a named label wins, then the merchant's own category, then Google's."""
    if type_from is not TypeFrom.PRODUCT_TYPE and labels[int(type_from[-1])]:
        return labels[int(type_from[-1])].lower()
    path = next(iter(paths), ()) or category_path("" if google.isdigit() else google)
    return singular(path[-1]) if path else None


def _without_empty_end(labels: list[str]) -> tuple[str, ...]:
    while labels and not labels[-1]:
        labels = labels[:-1]
    return tuple(labels)


def feed_attributes(product: Product) -> tuple[SeenAttribute, ...]:
    """What the merchant says of color, material and pattern, one attribute per word: "Teal/White" are two colors."""
    found: dict[tuple[str, str], SeenAttribute] = {}
    for name, text in (("color", product.color), ("material", product.material), ("pattern", product.pattern)):
        for word in text.lower().replace(",", "/").split("/"):
            if word.strip():
                found[name, word.strip()] = SeenAttribute(name, word.strip(), 1.0, "feed")
    return tuple(found.values())


def content_hash(product: Product) -> str:
    """Hex SHA-256 over everything the feed says of the product; how its pictures look takes no part."""
    prices = [f"{price.amount} {price.currency}" if price else "" for price in (product.price, product.sale_price)]
    said = [
        _HASH_VERSION,
        *(product.id, product.title, product.description, product.link, product.brand, product.type or ""),
        product.category,
        *(product.google_category, *prices, product.availability.value, product.gtin, product.color, product.material),
        *(product.pattern, product.size, product.item_group_id),
        product.custom_labels,
        [image.url for image in product.images],
    ]
    return hashlib.sha256(json.dumps(said, ensure_ascii=True).encode()).hexdigest()


def product_from_json(value: object, *, type_from: TypeFrom = TypeFrom.PRODUCT_TYPE) -> Checked:
    """The product of one JSON object with the Merchant names, as PUT /products/{id} takes it. Raises NotARow."""
    row = row_from_json(value)
    named = {canonical(name): found for name, found in row.items()}
    unknown = unread_columns(row)
    warnings = tuple(
        Problem("unknown-field", name, f'"{shown(name)}" is no attribute of the feed.', "", severity=Severity.WARNING)
        for name in unknown
    )
    checked = validate(named, type_from=type_from)
    return replace(checked, problems=checked.problems + warnings)
