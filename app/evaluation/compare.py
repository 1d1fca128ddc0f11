"""Pure: two evaluations of the same judged photos, photo by photo: what changed, how surely, what got worse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.evaluation.metrics import Measure, hit, mean_measure, ndcg, reciprocal_rank
from app.evaluation.run import Outcome

DEPTHS = (1, 5, 10)
TELLING = ("ndcg@10", "mrr", "no_match_recall")
"""Which figure says whether a photo got better or worse: the first it has in which the two differ."""


@dataclass(frozen=True, slots=True)
class Change:
    """One figure over the photos both evaluations have. difference: of the same photo, later minus earlier."""

    earlier: Measure
    later: Measure
    difference: Measure


@dataclass(frozen=True, slots=True)
class Moved:
    """A photo that is answered better or worse, and by which figure."""

    photo: str
    figure: str
    earlier: float
    later: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """photos: how many both have. better, worse: the largest changes first."""

    photos: int
    changes: Mapping[str, Change]
    better: tuple[Moved, ...]
    worse: tuple[Moved, ...]


def figures_of(outcome: Outcome) -> dict[str, float]:
    """The figures of one photo, each 0..1; a photo that could not be searched found nothing."""
    if not outcome.judged.sold:
        return {"no_match_recall": float(not outcome.matched)}
    if not outcome.judged.searchable:
        return {}
    right = [item.right for item in outcome.shown]
    return {
        **{f"hit@{depth}": hit(right, depth) for depth in DEPTHS},
        "mrr": reciprocal_rank(right),
        "ndcg@10": ndcg([item.grade for item in outcome.shown], outcome.ideal, 10),
    }


def compared(earlier: Mapping[str, Mapping[str, float]], later: Mapping[str, Mapping[str, float]]) -> Comparison:
    """earlier, later: photo -> figure -> value, as figures_of gives them."""
    both = sorted(set(earlier) & set(later))
    names = dict.fromkeys(name for photo in both for name in earlier[photo] if name in later[photo])
    changes = {}
    for name in names:
        pairs = [(earlier[one][name], later[one][name]) for one in both if name in earlier[one] and name in later[one]]
        changes[name] = Change(
            mean_measure([before for before, _ in pairs]),
            mean_measure([after for _, after in pairs]),
            mean_measure([after - before for before, after in pairs]),
        )
    moved = [one for photo in both if (one := _moved(photo, earlier[photo], later[photo])) is not None]
    return Comparison(
        photos=len(both),
        changes=changes,
        better=_largest([one for one in moved if one.later > one.earlier]),
        worse=_largest([one for one in moved if one.later < one.earlier]),
    )


def _moved(photo: str, earlier: Mapping[str, float], later: Mapping[str, float]) -> Moved | None:
    for name in TELLING:
        if name in earlier and name in later and earlier[name] != later[name]:
            return Moved(photo, name, earlier[name], later[name])
    return None


def _largest(moved: Sequence[Moved]) -> tuple[Moved, ...]:
    return tuple(sorted(moved, key=lambda one: (-abs(one.later - one.earlier), one.photo)))
