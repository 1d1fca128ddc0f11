"""From the domain to the wire: pure functions, one per wire model."""

from typing import Any

from app.analysis import Box, Color, Gap, ObjectType, PhotoAnalysis
from app.api import schemas
from app.catalog import Money, PriceBetween, Product, SeenAttribute, SeenColor, SeenLabel
from app.edge import image_address, web_address
from app.search import RankedProduct, Reading, SearchResult


def search_answer(result: SearchResult, photo_id: str | None = None) -> schemas.SearchAnswer:
    """A page of a search."""
    return schemas.SearchAnswer(
        search_id=result.search_id,
        photo_id=photo_id,
        analysis=None if result.analysis is None else analysis_model(result.analysis),
        items=[item_model(item) for item in result.items],
        total=result.total,
        facets={
            str(field): [schemas.FacetCountModel(value=one.value, count=one.count) for one in counts]
            for field, counts in result.facets.items()
        },
        next_cursor=result.next_cursor,
        degraded=[gap_model(gap) for gap in result.degraded],
        understood=understood_model(result.reading),
        generation=schemas.GenerationModel(id=result.generation.id, published_at=result.generation.published_at),
        timings_ms={stage: round(spent, 2) for stage, spent in result.timings_ms.items()},
    )


def gap_model(gap: Gap) -> schemas.GapModel:
    """What an answer had to do without."""
    return schemas.GapModel(part=gap.part, reason=gap.reason)


def understood_model(reading: Reading) -> schemas.UnderstoodModel | None:
    """What the words were taken for; None where they say nothing."""
    if not reading.says_something and reading.price is None:
        return None
    price = reading.price or PriceBetween()
    return schemas.UnderstoodModel(
        wanted=[schemas.SaidModel(kind=one.kind.value, name=one.name) for one in reading.wanted],
        unwanted=[schemas.SaidModel(kind=one.kind.value, name=one.name) for one in reading.unwanted],
        price_min=None if price.low is None else f"{price.low:f}",
        price_max=None if price.high is None else f"{price.high:f}",
        corrected=[schemas.CorrectedModel(typed=typed, read=read) for typed, read in reading.corrected],
    )


def item_model(item: RankedProduct) -> schemas.ItemModel:
    """One ranked product. Weights are not rounded: they sum to the score."""
    return schemas.ItemModel(
        product=product_card(item.product, item.image),
        score=item.score,
        match=item.match.value,
        reasons=[schemas.ReasonModel(code=one.code.value, value=one.value, weight=one.weight) for one in item.reasons],
        variants=[schemas.VariantModel(id=one.product_id, score=one.score) for one in item.variants],
    )


def product_card(product: Product, image: int = 0) -> schemas.ProductCard:
    """What a list shows; `image` is the position of the picture to show."""
    return schemas.ProductCard(
        id=product.id,
        title=product.title,
        brand=product.brand,
        type=product.type,
        category=list(product.category),
        price=price_model(product.price),
        sale_price=price_model(product.sale_price),
        availability=product.availability.value,
        link=web_address(product.link),
        image=image_address(product.images[image].url) if image < len(product.images) else None,
    )


_ALIKE = (
    *("title", "description", "link", "brand", "type", "google_category", "gtin"),
    *("color", "material", "pattern", "size", "item_group_id"),
)
"""Members that have the same name and form in the catalog and on the wire."""


def stated_members(product: Product) -> dict[str, Any]:
    """What the owner said of the product, as members of ProductWrite."""
    return {
        **{name: getattr(product, name) for name in _ALIKE},
        "category": list(product.category),
        "price": price_model(product.price),
        "sale_price": price_model(product.sale_price),
        "availability": product.availability.value,
        "custom_labels": list(product.custom_labels),
        "images": [image.url for image in product.images],
    }


def product_detail(product: Product) -> schemas.ProductDetail:
    """All that is known of a product."""
    return schemas.ProductDetail(
        **{**stated_members(product), **dict(product_card(product))},
        attributes=[attribute_model(one) for one in product.attributes],
        labels=[label_model(one) for one in product.labels],
        colors=[color_model(one) for one in product.colors],
    )


def analysis_model(analysis: PhotoAnalysis) -> schemas.AnalysisModel:
    """What was seen in the photo."""
    return schemas.AnalysisModel(
        type=None if analysis.type is None else type_model(analysis.type),
        type_alternatives=[type_model(one) for one in analysis.type_alternatives],
        attributes=[
            schemas.SeenAttributeModel(name=one.name, value=one.value, confidence=one.confidence, source=one.source)
            for one in analysis.attributes
        ],
        labels=[
            schemas.LabelModel(name=one.name, confidence=one.confidence, source=one.source) for one in analysis.labels
        ],
        colors=[color_model(one) for one in analysis.colors],
        objects=[
            schemas.ObjectModel(type=one.type, confidence=one.confidence, box=box_model(one.box))
            for one in analysis.objects
        ],
        region=box_model(analysis.region),
        novelty=analysis.novelty,
    )


def type_model(one: ObjectType) -> schemas.TypeModel:
    """A type with its confidence."""
    return schemas.TypeModel(name=one.name, confidence=one.confidence, source=one.source)


def attribute_model(one: SeenAttribute) -> schemas.SeenAttributeModel:
    """A product's property."""
    return schemas.SeenAttributeModel(name=one.name, value=one.value, confidence=one.confidence, source=one.source)


def label_model(one: SeenLabel) -> schemas.LabelModel:
    """A product's label."""
    return schemas.LabelModel(name=one.name, confidence=one.confidence, source=one.source)


def color_model(one: Color | SeenColor) -> schemas.ColorModel:
    """A color of a photo or a product."""
    return schemas.ColorModel(name=one.name, hex=one.hex, share=one.share)


def box_model(box: Box) -> schemas.BoxModel:
    """A rectangle."""
    return schemas.BoxModel(x=box.x, y=box.y, width=box.width, height=box.height)


def price_model(money: Money | None) -> schemas.PriceModel | None:
    """An exact price as text, without an exponent."""
    return None if money is None else schemas.PriceModel(amount=f"{money.amount:f}", currency=money.currency)
