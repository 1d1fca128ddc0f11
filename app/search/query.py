"""Pure: what was seen in a photo, and what the caller wishes, as one engine-free catalog query.

All weights of a channel are scaled so that a product that fits fully has a signal of at most 1.
"""

from collections.abc import Iterable, Mapping

from app.analysis import COLOR_SHADES, Attribute, Box, Color, Embedding, Label, ObjectType, PhotoAnalysis
from app.catalog import MAX_CANDIDATES, Channel, Filter, ImageEvidence, Product, Query, QueryVector
from app.search.color_space import affinity, chroma_distance
from app.search.model import Wishes
from app.search.wording import Reading

NEIGHBOR = 0.3
"""Color words with less affinity than this to a seen color are not asked for."""
CONTRADICTS = 0.13
"""Color distance (color_space.chroma_distance) from which a word and a color plainly contradict each other."""
SAME = 0.5
"""At this affinity two people may well use each other's word."""
NOTHING_SAID = Reading()
CATALOG = "catalog"
"""The `source` of what a product, used as the question, says of itself."""


def query_for_photo(analysis: PhotoAnalysis, wishes: Wishes, reading: Reading = NOTHING_SAID) -> Query:
    """The query for one analyzed photo: look, type, attributes, labels and colors; what was read of the wishes' words
    refines it. A color that is named stands in for those of the photo."""
    terms = {
        Channel.TYPE: type_terms(analysis),
        Channel.ATTRIBUTES: attribute_terms(analysis.attributes),
        Channel.LABELS: label_terms(analysis.labels),
        Channel.COLORS: color_terms(named_colors(reading) or analysis.colors),
    }
    embedding = analysis.embedding
    return Query(
        vector=QueryVector(embedding.model, embedding.values) if embedding is not None else None,
        terms={channel: weights for channel, weights in terms.items() if weights},
        text=reading.text,
        filters=filters_of(wishes, reading),
        limit=MAX_CANDIDATES,
    )


def query_for_words(wishes: Wishes, reading: Reading) -> Query:
    """The query for words alone. A color word also asks for products whose pictures show that color.

    Where nothing is asked for ("no arms"), all products are.
    """
    shown = named_colors(reading)
    terms = {Channel.COLORS: color_terms(shown)} if shown else {}
    text = reading.text if reading.says_something or reading.price else wishes.text.strip()
    return Query(terms=terms, text=text, filters=filters_of(wishes, reading), limit=MAX_CANDIDATES)


def named_colors(reading: Reading) -> tuple[Color, ...]:
    """The colors a text asks for, as if they had been seen; words without a known shade are left to the text."""
    shades: dict[str, str] = {}
    for name, shade in COLOR_SHADES:
        shades.setdefault(name, shade)
    named = [next((one for one in term.phrases if one in shades), "") for term in reading.colors]
    known = [name for name in dict.fromkeys(named) if name]
    return tuple(Color(name, shades[name], 1.0 / len(known)) for name in known)


def filters_of(wishes: Wishes, reading: Reading) -> tuple[Filter, ...]:
    """The wishes' filters, with the price that the words name."""
    return wishes.filters if reading.price is None else (*wishes.filters, reading.price)


def analysis_of_product(product: Product, evidence: ImageEvidence | None) -> PhotoAnalysis:
    """What is known of a product, in the words of an analyzed photo, so that look-alikes are found the same way.

    evidence: of the picture that stands for it; None when no picture could be read. Its novelty is 0: it is sold.
    """
    kind = ObjectType(product.type, 1.0, CATALOG) if product.type else None
    seen = evidence.colors if evidence is not None and evidence.colors else product.colors
    return PhotoAnalysis(
        region=Box(*evidence.region) if evidence is not None else Box(0.0, 0.0, 1.0, 1.0),
        type=kind,
        type_alternatives=(kind,) if kind is not None else (),
        attributes=tuple(Attribute(one.name, one.value, one.confidence, one.source) for one in product.attributes),
        labels=tuple(Label(one.name, one.confidence, one.source) for one in product.labels),
        colors=tuple(Color(one.name, one.hex, one.share) for one in seen),
        embedding=Embedding(evidence.embedder, evidence.embedding) if evidence is not None else None,
        features=evidence.features if evidence is not None else b"",
        novelty=0.0,
    )


def type_terms(analysis: PhotoAnalysis) -> dict[str, float]:
    """type -> probability. The signal of a product is then the probability that the photo shows its type."""
    considered = analysis.type_alternatives or ((analysis.type,) if analysis.type is not None else ())
    return _largest((one.name, one.confidence) for one in considered)


def attribute_terms(attributes: Iterable[Attribute]) -> dict[str, float]:
    """ "name=value" -> confidence, scaled down where there are several so that they sum to at most 1."""
    return _at_most_one(_largest((f"{one.name}={one.value}", one.confidence) for one in attributes))


def label_terms(labels: Iterable[Label]) -> dict[str, float]:
    """label -> confidence, scaled as `attribute_terms`."""
    return _at_most_one(_largest((one.name, one.confidence) for one in labels))


def color_terms(colors: Iterable[Color]) -> dict[str, float]:
    """color word -> share, spread to the words people would also use: teal also asks, less, for turquoise.

    The signal is then the sum over pairs of shares times their affinity: <= 1, 1 for two things of one same color.
    """
    weights: dict[str, float] = {}
    for color in colors:
        for name, likeness in neighbors(color).items():
            weights[name] = weights.get(name, 0.0) + color.share * likeness
    return {name: min(1.0, weight) for name, weight in weights.items() if weight > 0}


def neighbors(color: Color) -> dict[str, float]:
    """Color words near the color, with their affinity (NEIGHBOR..1); its own name has 1."""
    near = {color.name: 1.0}
    for name, shade in COLOR_SHADES:
        likeness = affinity(color.hex, shade)
        if likeness >= max(NEIGHBOR, near.get(name, 0.0)):
            near[name] = likeness
    return near


def same_color(name: str, code: str, word: str) -> bool:
    """Whether people might use the word for a color of this name and hex code: it is its name, or a near neighbor."""
    return word == name or neighbors(Color(name, code, 1.0)).get(word, 0.0) >= SAME


def color_fits(code: str, word: str) -> bool:
    """Whether people might use the word for a color of this hex code; True for a word that names no color we know.

    Far more lenient than `same_color`: it says no only where word and color plainly contradict each other."""
    shades = [shade for name, shade in COLOR_SHADES if name == word]
    return not shades or any(chroma_distance(code, shade) < CONTRADICTS for shade in shades)


def without(wishes: Wishes, unwanted: Filter) -> Wishes:
    """The same wishes with one more filter."""
    return Wishes(wishes.crop, wishes.text, (*wishes.filters, unwanted), wishes.limit, wishes.cursor)


def _largest(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Two sources may name one term: the surer one counts."""
    weights: dict[str, float] = {}
    for term, confidence in pairs:
        if confidence > weights.get(term, 0.0):
            weights[term] = confidence
    return weights


def _at_most_one(weights: Mapping[str, float]) -> dict[str, float]:
    total = max(1.0, sum(weights.values()))
    return {term: weight / total for term, weight in weights.items()}
