"""The wire: what the HTTP interface takes and gives. Kept apart from the domain, so that either can change alone."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Confidence = Annotated[float, Field(ge=0, le=1, description="0..1")]
Amount = Annotated[str, Field(pattern=r"^\d{1,12}(\.\d{1,4})?$", description="Exact amount, as a text.")]
Line = Annotated[str, Field(max_length=1000)]
Word = Annotated[str, Field(max_length=200)]
AvailabilityWord = Literal["in_stock", "out_of_stock", "preorder", "backorder"]


class Wire(BaseModel):
    """Base of all wire models: no unknown members, no silent conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PriceModel(Wire):
    """An exact price."""

    amount: Amount = Field(examples=["129.00"])
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217.", examples=["USD"])


class ProductCard(Wire):
    """What a list shows of a product."""

    id: str = Field(examples=["nordhem-armchair-teal"])
    title: str = Field(examples=["Lund velvet armchair, teal"])
    brand: str = Field(examples=["Nordhem"])
    type: str | None = Field(description="The singular word for what it is.", examples=["armchair"])
    category: list[str] = Field(description="From the general to the particular.", examples=[["Furniture", "Chairs"]])
    price: PriceModel | None
    sale_price: PriceModel | None = Field(description="What a shopper pays now, where it is reduced.")
    availability: AvailabilityWord
    link: str | None = Field(description="The product's page.", examples=["https://shop.example/p/lund-teal"])
    image: str | None = Field(
        description="The picture that fits best: an absolute URL, or a path under `/media` of this server.",
        examples=["/media/lund-teal-1.jpg"],
    )


class SeenAttributeModel(Wire):
    """A property with who said it."""

    name: str = Field(examples=["material"])
    value: str = Field(examples=["velvet"])
    confidence: Confidence
    source: str = Field(examples=["local"])


class LabelModel(Wire):
    """A word with who said it."""

    name: str = Field(examples=["chair"])
    confidence: Confidence
    source: str


class ColorModel(Wire):
    """A named color and the share of the object it covers."""

    name: str = Field(examples=["teal"])
    hex: str = Field(examples=["#1d7f86"])
    share: Confidence


class ProductDetail(ProductCard):
    """All that is known of a product."""

    description: str
    google_category: str
    gtin: str
    color: str
    material: str
    pattern: str
    size: str
    item_group_id: str = Field(description="Ties the variants of one product together.")
    custom_labels: list[str]
    images: list[str] = Field(description="Addresses of the pictures, as the feed names them.")
    attributes: list[SeenAttributeModel]
    labels: list[LabelModel]
    colors: list[ColorModel]


class BoxModel(Wire):
    """A rectangle in fractions of the upright photo."""

    x: float
    y: float
    width: float
    height: float


class TypeModel(Wire):
    """What kind of thing it is."""

    name: str = Field(examples=["armchair"])
    confidence: Confidence
    source: str


class ObjectModel(Wire):
    """An object found in the photo; type is null where only a region is known."""

    type: str | None
    confidence: Confidence
    box: BoxModel


class AnalysisModel(Wire):
    """What was seen in the photo."""

    type: TypeModel | None
    type_alternatives: list[TypeModel]
    attributes: list[SeenAttributeModel]
    labels: list[LabelModel]
    colors: list[ColorModel]
    objects: list[ObjectModel]
    region: BoxModel = Field(description="The part of the photo that was compared: the crop, or the object found.")
    novelty: Confidence | None = Field(description="How unlike everything the shop sells it looks.")


class ReasonModel(Wire):
    """Why the product is in the answer; the weights of a product's reasons sum to its score."""

    code: str = Field(examples=["same_type"])
    value: str = Field(examples=["armchair"])
    weight: float


class VariantModel(Wire):
    """Another variant of the product, or the same thing listed twice; GET /products/{id} has it whole."""

    id: str
    score: float


class ItemModel(Wire):
    """One product of the answer."""

    product: ProductCard
    score: Confidence = Field(description="Probability that a shopper calls it similar.")
    match: Literal["exact", "close", "loose"]
    reasons: list[ReasonModel]
    variants: list[VariantModel] = Field(description="Others of the same card that fit too, the best first.")


class FacetCountModel(Wire):
    """How many products of the whole result set have this value."""

    value: str
    count: int


class GapModel(Wire):
    """A part of the search that was missing, and why."""

    part: str
    reason: str


class GenerationModel(Wire):
    """The version of the catalog that answered."""

    id: str
    published_at: datetime | None


class SaidModel(Wire):
    """One thing the words ask for, or against."""

    kind: Literal["type", "color", "material", "pattern", "brand", "word"]
    name: str = Field(description="As the shop calls it; a synonym or a typing mistake is read as what it means.")


class CorrectedModel(Wire):
    """A misspelled word, as typed and as it was read."""

    typed: str
    read: str


class UnderstoodModel(Wire):
    """What the words were taken for. A price is a filter; what is not wanted goes behind, or away without a photo."""

    wanted: list[SaidModel]
    unwanted: list[SaidModel]
    price_min: str | None = Field(description="Amount in the catalog's currency.")
    price_max: str | None
    corrected: list[CorrectedModel]


class SearchAnswer(Wire):
    """One page of the result set. `total` and `facets` count the whole set, not the page."""

    search_id: str
    photo_id: str | None = Field(description="Send it instead of the photo to refine or continue this search.")
    analysis: AnalysisModel | None
    items: list[ItemModel]
    total: int
    facets: dict[str, list[FacetCountModel]]
    next_cursor: str | None = Field(description="Send it with the same search to get the next page.")
    degraded: list[GapModel] = Field(description="Empty when nothing was missing.")
    understood: UnderstoodModel | None = Field(description="What the words were taken for; null without words.")
    generation: GenerationModel
    timings_ms: dict[str, float]


class ProductList(Wire):
    """One page of products that pass some filters, by id. `total` and `facets` count all of them, not the page."""

    items: list[ProductCard]
    total: int
    facets: dict[str, list[FacetCountModel]] = Field(description="The fields asked for with `facets`.")
    next_cursor: str | None = Field(description="Send it with the same filters to get the next page.")
    generation: GenerationModel


class ProductWrite(Wire):
    """A whole product, as its owner states it. What the pictures show is found out again."""

    title: Annotated[str, Field(min_length=1, max_length=500)]
    description: Annotated[str, Field(max_length=20_000)] = ""
    link: Annotated[str, Field(max_length=2000)] = ""
    brand: Word = ""
    type: Word | None = None
    category: Annotated[list[Word], Field(max_length=12)] = []
    google_category: Line = ""
    price: PriceModel | None = None
    sale_price: PriceModel | None = None
    availability: AvailabilityWord = "in_stock"
    gtin: Annotated[str, Field(max_length=50)] = ""
    color: Word = ""
    material: Word = ""
    pattern: Word = ""
    size: Word = ""
    item_group_id: Word = ""
    custom_labels: Annotated[list[Word], Field(max_length=5)] = []
    images: Annotated[
        list[Annotated[str, Field(max_length=2000)]],
        Field(max_length=20, description="Addresses of the pictures, the main one first: https, or under `/media`."),
    ] = []


class ProductWarning(Wire):
    """Something of the product that could not be used; the rest could."""

    field: str = Field(examples=["images"])
    code: str = Field(examples=["image-unavailable"])
    message: str
    fix: str


class ProductChange(Wire):
    """What became of a change."""

    product: ProductDetail
    created: bool = Field(description="Whether the product is new.")
    warnings: list[ProductWarning]


class Problem(BaseModel):
    """An RFC 9457 problem. Branch on `code`; show `detail` and `fix`; keep `request_id` for the operator."""

    type: str = Field(description="`urn:akin:problem:` and the code.")
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable; docs/errors.md lists all.")
    fix: str | None = Field(description="How to mend it, where the caller can.")
    request_id: str
    extra: dict[str, object] = Field(description="Facts of this case: limits, known names, the fields that are wrong.")
