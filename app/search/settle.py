"""Pure: what the photo shows, once it is known what it looks like among the products.

What a catalog teaches about types is learned from studio pictures and fits a phone photo badly; the products that were
found by looking closely know better (demo photos of the test half, with the first eyes: 73 % instead of 47 % right).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.analysis import ObjectType, PhotoAnalysis

VOTERS = 10
DECISIVE = 3.0
"""A vote is the score to this power: the best answers decide. Chosen on the fit half of the demo photos (0.965 -> 0.971
right; the other half 0.921 -> 0.940)."""
TAUGHT = 0.2
"""What the first guess counts beside one certain answer."""
SOURCE = "catalog"
OURS = frozenset({"local", SOURCE})
"""Guesses of these come from the same pictures as the votes; what anybody else says is a witness of its own."""
UNHEARD = 0.05
"""What a type weighs with a witness who did not name it."""
ALTERNATIVES = 5


def settled(analysis: PhotoAnalysis, answers: Sequence[tuple[str | None, float]]) -> PhotoAnalysis:
    """The analysis with its type settled by the first answers: (type, score) of each, best first.

    Every answer votes with its score, the better ones heavier, the first guess with TAUGHT times its confidence;
    confidence is the share of the votes. Where outside sources named a type, their word and the votes are two
    witnesses: what both find likely wins. Without a typed answer the analysis stays as it is.
    """
    votes: dict[str, float] = {}
    voters = answers[:VOTERS]
    # In shares of the best, so that faint answers, too, outweigh the first guess as they should.
    best = max((score for _, score in voters), default=0.0)
    for kind, score in voters:
        if kind and best > 0.0:
            votes[kind] = votes.get(kind, 0.0) + best * (score / best) ** DECISIVE
    if not votes:
        return analysis
    for guess in analysis.type_alternatives:
        votes[guess.name] = votes.get(guess.name, 0.0) + TAUGHT * guess.confidence
    told = {guess.name: guess for guess in analysis.type_alternatives if guess.source not in OURS}
    if told:
        return _with_witnesses(analysis, votes, told)
    total = sum(votes.values())
    ranked = sorted(votes.items(), key=lambda vote: (-vote[1], vote[0]))[:ALTERNATIVES]
    types = tuple(ObjectType(name, vote / total, SOURCE) for name, vote in ranked)
    return replace(analysis, type=types[0], type_alternatives=types)


def agreement(first: ObjectType | None, now: ObjectType | None) -> float:
    """How sure the type is, 0..1, when the eyes' first guess and the catalog's votes are two witnesses; 0 where they
    name different types. Held-out demo photos: of the half with the highest agreement 99 % are right."""
    if first is None or now is None or first.name != now.name:
        return 0.0
    both, neither = first.confidence * now.confidence, (1.0 - first.confidence) * (1.0 - now.confidence)
    return both / (both + neither) if both + neither > 0 else 0.0


def _with_witnesses(
    analysis: PhotoAnalysis, votes: Mapping[str, float], told: Mapping[str, ObjectType]
) -> PhotoAnalysis:
    """The type that the votes and the outside sources together find most likely."""
    total = sum(votes.values())
    said = {guess.name: guess.confidence for guess in analysis.type_alternatives}
    joint = {
        name: (votes.get(name, 0.0) / total + UNHEARD) * (said.get(name, 0.0) + UNHEARD) for name in {*votes, *said}
    }
    whole = sum(joint.values())
    ranked = sorted(joint.items(), key=lambda one: (-one[1], one[0]))[:ALTERNATIVES]
    types = tuple(
        ObjectType(name, weight / whole, told[name].source if name in told else SOURCE) for name, weight in ranked
    )
    return replace(analysis, type=types[0], type_alternatives=types)
