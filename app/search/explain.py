"""Pure: why a product is in the answer, as codes and values that add up to its score.

Every reason stands for the contributions of one kind of evidence to the logit (rank.py). The score is shared out among
the reasons in proportion to these, so the weights sum to the score and a reason's weight is its part in it. The bias,
the photo's novelty and popularity move all scores and are no reason for one product. What the shop taught counts to the
overall look, as far as it speaks for the product.
"""

from collections.abc import Iterable, Mapping, Sequence

from app.analysis import Color, PhotoAnalysis
from app.catalog import Channel, Product, Query, SeenColor
from app.search.calibration import NEUTRAL, Feature
from app.search.color_space import affinity
from app.search.model import Reason, ReasonCode
from app.search.rank import Closeness, Scored

MOST = 5
SMALL = 0.01
"""A reason with less than this share of the score is left out where two others remain."""


def explain(
    scored: Scored,
    contributions: Mapping[Feature, float],
    product: Product,
    query: Query,
    analysis: PhotoAnalysis | None,
    said: str = "",
) -> tuple[Reason, ...]:
    """contributions: as rank.contributions gives them for this candidate. said: what of the words it meets.

    One to five reasons, the weightiest first (ties by code, then value); their weights sum to the score.

    One only where a single kind of evidence speaks for the product. The same input gives the same reasons.
    """
    parts = sorted(
        _parts(scored, contributions, product, query, analysis, said),
        key=lambda part: (-part[2], part[0].value, part[1]),
    )
    parts = [part for part in parts if part[2] > 0.0] or [(ReasonCode.LOOK, _share(0.0), 1.0)]
    total = sum(part[2] for part in parts)
    kept = [part for rank, part in enumerate(parts[:MOST]) if rank < 2 or part[2] >= SMALL * total]
    whole = sum(part[2] for part in kept)
    return tuple(Reason(code, value, scored.score * weight / whole) for code, value, weight in kept)


Part = tuple[ReasonCode, str, float]
"""A reason before its share of the score is known: code, value, contribution to the logit."""


def _parts(
    scored: Scored,
    contributions: Mapping[Feature, float],
    product: Product,
    query: Query,
    analysis: PhotoAnalysis | None,
    said: str,
) -> Iterable[Part]:
    def of(*features: Feature) -> float:
        return sum([contributions.get(feature, 0.0) for feature in features])

    look = max(0.0, scored.candidate.signals.get(Channel.LOOK, 0.0))
    near = scored.closeness
    overall = of(Feature.LOOK, Feature.LOOK_HIGH, Feature.LEARNED, Feature.MODEL)
    yield ReasonCode.LOOK, _share(look), overall + _speaking_for(near, of(Feature.TAUGHT))
    if near is not None:
        yield ReasonCode.SAME_PRODUCT, _share(near.verified), of(Feature.VERIFIED)
        yield ReasonCode.SHAPE, _share(near.shape), of(Feature.SHAPE)
        surface = max(near.texture, near.pattern)
        yield ReasonCode.TEXTURE, _share(surface), of(Feature.TEXTURE, Feature.PATTERN)
    if product.type:
        yield ReasonCode.SAME_TYPE, product.type, of(Feature.TYPE, Feature.TYPE_FAMILIAR)
    color = _shared_color(analysis.colors if analysis is not None else (), product.colors, query)
    if color:
        yield ReasonCode.COLOR, color, of(Feature.COLORS, Feature.HUE, Feature.PALETTE)
    for term, share in _agreement(query, Channel.ATTRIBUTES, _attributes(product)):
        yield ReasonCode.ATTRIBUTE, term, share * of(Feature.ATTRIBUTES)
    for term, share in _agreement(query, Channel.LABELS, _labels(product)):
        yield ReasonCode.LABEL, term, share * of(Feature.LABELS)
    yield ReasonCode.TEXT, said or found_words(query.text, product), of(Feature.TEXT)


def _speaking_for(near: Closeness | None, taught: float) -> float:
    """What the taught likeness adds beyond saying nothing; all candidates have the rest, as they have the bias."""
    return taught * max(0.0, 1.0 - NEUTRAL / near.taught) if near is not None and near.taught > 0.0 else 0.0


def found_words(text: str, product: Product) -> str:
    """The words of the text that the product's own words hold, or the whole text where only its stems agree."""
    spoken = (product.title, product.description, product.brand, product.type or "", product.color, product.material,
              product.pattern, " ".join(product.category))  # fmt: skip
    there = set(" ".join(spoken).casefold().split())
    return " ".join(word for word in text.casefold().split() if word in there) or text


def _shared_color(seen: Sequence[Color], sold: Sequence[SeenColor], query: Query) -> str:
    """The product's color that the photo shows most of: largest product of shares and affinity."""
    asked = query.terms.get(Channel.COLORS, {})
    pairs = [(one.share * other.share * affinity(one.hex, other.hex), other.name) for one in seen for other in sold]
    pairs += [(asked.get(other.name, 0.0) * other.share, other.name) for other in sold if not seen]
    best = max(pairs, key=lambda pair: (pair[0], pair[1]), default=(0.0, ""))
    return best[1] if best[0] > 0.0 else ""


def _agreement(query: Query, channel: Channel, sold: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Terms both have, with their share (0..1, summing to 1) of the channel's signal."""
    asked = {term.casefold(): weight for term, weight in query.terms.get(channel, {}).items()}
    both: dict[str, float] = {}
    for term, weight in sold:
        both[term] = max(both.get(term, 0.0), asked.get(term.casefold(), 0.0) * weight)
    total = sum(both.values())
    return [(term, weight / total) for term, weight in sorted(both.items()) if weight > 0.0]


def _attributes(product: Product) -> list[tuple[str, float]]:
    return [(f"{one.name}={one.value}", one.confidence) for one in product.attributes]


def _labels(product: Product) -> list[tuple[str, float]]:
    return [(one.name, one.confidence) for one in product.labels]


def _share(value: float) -> str:
    return f"{value:.2f}"
