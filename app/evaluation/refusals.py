"""What keeps judgments from being learned from, said before any time is spent on them.

AppError
├── BadRequest: UnusableJudgments
└── Conflict: TuningRefused
"""

from collections.abc import Iterable, Sequence

from app.catalog import Snapshot
from app.errors import BadRequest, Conflict
from app.evaluation.judgments import FIT, HELD_OUT, SAME_PRODUCT, SIMILAR, JudgedPhoto

LEAST_QUERIES = 20
"""Fewer cannot be split for cross-validation so that an interval says anything."""
SHOWN = 5
"""Examples named in a refusal."""


class UnusableJudgments(BadRequest):
    """The judgments are too few, name products the shop does not have, or contradict each other."""

    code = "unusable-judgments"
    title = "Nothing can be learned from these judgments"


class TuningRefused(Conflict):
    """What was fitted is worse on queries it has not seen, or it cannot be told; `extra` has the figures."""

    code = "tuning-refused"
    title = "The fitted weights are not better"


async def usable(photos: Sequence[JudgedPhoto], snapshot: Snapshot) -> list[JudgedPhoto]:
    """The photos to learn from: those of the split "fit" where the file names it, else all but those of "test".

    Raises UnusableJudgments.
    """
    chosen = [one for one in photos if one.split == FIT] or [one for one in photos if one.split != HELD_OUT]
    searchable = sum(one.searchable for one in chosen)
    if searchable < LEAST_QUERIES:
        raise UnusableJudgments(
            f"{searchable} judged queries are too few to learn from; {LEAST_QUERIES} is the least, 200 are good.",
            fix='Judge more photos; lines with "split": "test" are never learned from.',
            queries=searchable,
        )
    contradictions = list(contradicting(chosen))
    if contradictions:
        raise UnusableJudgments(
            f"{len(contradictions)} judgments contradict others: {'; '.join(contradictions[:SHOWN])}.",
            fix="Keep one grade of each product for each photo.",
            contradictions=contradictions[:50],
        )
    unknown = await absent(chosen, snapshot)
    if unknown:
        raise UnusableJudgments(
            f"{len(unknown)} judged products are not in the catalog: {', '.join(unknown[:SHOWN])}.",
            fix="Take out what is no longer sold, or use the catalog that was judged (AKIN_CATALOG).",
            products=unknown[:50],
        )
    return chosen


def contradicting(photos: Iterable[JudgedPhoto]) -> Iterable[str]:
    """Each judgment that says another thing of the same photo and product than an earlier one, in words."""
    said: dict[tuple[str, str, object], tuple[int, dict[str, float]]] = {}
    for one in photos:
        grades = dict(one.judgments)
        if one.product is not None:
            own = grades.setdefault(one.product, SAME_PRODUCT)
            if own < SIMILAR:
                yield f"line {one.number}: {one.product} is the product, and graded {own:g}"
        if not one.sold and any(value >= SIMILAR for value in grades.values()):
            yield f"line {one.number}: not sold, yet a product is graded as similar"
        first, known = said.setdefault((str(one.photo), one.text, one.box), (one.number, grades))
        if first == one.number:
            continue
        for product, value in grades.items():
            if known.setdefault(product, value) != value:
                yield f"line {one.number}: {product} is graded {value:g}, on line {first} {known[product]:g}"


async def absent(photos: Iterable[JudgedPhoto], snapshot: Snapshot) -> list[str]:
    """The judged products that the catalog does not have, by id."""
    named = {product for one in photos for product in one.judgments}
    named |= {one.product for one in photos if one.product is not None and one.sold}
    ids, found = sorted(named), set[str]()
    for start in range(0, len(ids), 500):
        found |= {product.id for product in await snapshot.products(ids[start : start + 500])}
    return [product for product in ids if product not in found]
