"""A product as its owner states it: from the wire to the catalog's words and back, and RFC 7396 merge patches. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from app.api.schemas import PriceModel, ProductWrite
from app.api.shapes import stated_members
from app.catalog import ImageEvidence, Product, ProductImage
from app.edge import InvalidProduct, InvalidRequest
from app.intake import INCOMPLETE, Checked, Problem, content_hash, product_from_json

_WIRE_NAMES = {
    "product_type": "category",
    "google_product_category": "google_category",
    "image_link": "images",
    "additional_image_link": "images",
    **{f"custom_label_{number}": "custom_labels" for number in range(5)},
}
"""Attribute of the Merchant feed -> member of the wire model, where the two differ."""

_SAME_NAMES = {
    *("title", "description", "link", "brand", "availability", "gtin"),
    *("color", "material", "pattern", "size", "item_group_id"),
}
"""Members whose name and form are those of the Merchant feed."""


def product_from(stated: ProductWrite, product_id: str) -> Product:
    """The product, checked as a row of a feed is; its pictures are still to be looked at. Raises InvalidProduct."""
    checked = product_from_json(_row(stated, product_id))
    if checked.product is None:
        raise refused(checked)
    product = checked.product
    if stated.type:
        product = replace(product, type=stated.type.strip().lower())
        product = replace(product, content_hash=content_hash(product))
    return product


def refused(checked: Checked) -> InvalidProduct:
    """The error that lists everything that refuses the product."""
    errors = [problem_entry(problem) for problem in checked.problems if problem.refuses]
    return InvalidProduct(
        " ".join(dict.fromkeys(str(entry["message"]) for entry in errors))[:500],
        fix="Correct what `extra.errors` names.",
        errors=errors,
    )


def problem_entry(problem: Problem) -> dict[str, object]:
    """One thing that is wrong, with the wire's name of the member."""
    return {
        "field": _WIRE_NAMES.get(problem.field, problem.field),
        "code": problem.code,
        "message": problem.cause,
        "fix": problem.fix,
    }


def stated_by(product: Product) -> ProductWrite:
    """What the owner would send to state this product again."""
    return ProductWrite(**stated_members(product))


def patched(product: Product, patch: Mapping[str, Any]) -> ProductWrite:
    """The product's statement with an RFC 7396 merge patch applied. Raises InvalidRequest."""
    merged = merge_patch(stated_by(product).model_dump(mode="json"), patch)
    try:
        return ProductWrite.model_validate(merged)
    except ValidationError as error:
        errors = [
            {"field": ".".join(str(part) for part in entry["loc"]), "message": entry["msg"]}
            for entry in error.errors(include_input=False, include_url=False)[:20]
        ]
        raise InvalidRequest(
            f"These values cannot be used: {', '.join(dict.fromkeys(entry['field'] for entry in errors))}.",
            fix="Correct what `extra.errors` names.",
            errors=errors,
        ) from None


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7396: members of the patch replace those of the target, null removes, objects are merged."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def with_known_pictures(changed: Product, before: Product, evidence: list[ImageEvidence | None]) -> Product:
    """The changed product with what was seen in its pictures before; `changed` has the same pictures as `before`."""
    missing = INCOMPLETE if before.content_hash.endswith(INCOMPLETE) else ""
    return replace(
        changed,
        images=tuple(
            ProductImage(image.url, image.sha256, seen) for image, seen in zip(before.images, evidence, strict=True)
        ),
        attributes=changed.attributes + tuple(one for one in before.attributes if one.source != "feed"),
        labels=before.labels,
        colors=before.colors,
        content_hash=changed.content_hash + missing,
    )


def _row(stated: ProductWrite, product_id: str) -> dict[str, object]:
    row: dict[str, object] = {
        "id": product_id,
        **stated.model_dump(mode="json", include=_SAME_NAMES),
        "price": _money(stated.price),
        "sale_price": _money(stated.sale_price),
        "product_type": " > ".join(stated.category),
        "google_product_category": stated.google_category,
        "image_link": next(iter(stated.images), ""),
        "additional_image_link": stated.images[1:],
    }
    return row | {f"custom_label_{number}": label for number, label in enumerate(stated.custom_labels)}


def _money(price: PriceModel | None) -> str:
    return "" if price is None else f"{price.amount} {price.currency}"
