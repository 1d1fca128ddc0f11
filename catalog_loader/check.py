"""Every row of a feed, checked; and what that says of the feed as a whole before anything is fetched or written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from app.catalog import Product
from app.intake import Problem, Severity, TypeFrom, shown, unread_columns, validate
from catalog_loader.departures import Departure, departure
from catalog_loader.feed import FeedFormat, Row
from catalog_loader.report import Told


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row with its product, or with the problems that refuse it. problems: errors and warnings.

    goes: the id of the product that is to go, "" where the row states one or is refused.
    """

    row: Row
    product: Product | None
    problems: tuple[Problem, ...] = ()
    goes: str = ""


def checked_rows(feed: FeedFormat, type_from: TypeFrom) -> Iterator[CheckedRow]:
    """All rows in order. Of rows with the same id the first good one is taken, the others are refused."""
    lines: dict[str, int] = {}
    for row in feed.rows():
        if row.problem is not None:
            yield CheckedRow(row, None, (row.problem,))
            continue
        found = _read(row, type_from)
        product_id = found.product.id if found.product else found.goes
        if product_id and product_id in lines:
            duplicate = _duplicate(product_id, row.line, lines[product_id])
            yield CheckedRow(row, None, (*found.problems, duplicate))
            continue
        if product_id:
            lines[product_id] = row.line
        yield found


def _read(row: Row, type_from: TypeFrom) -> CheckedRow:
    says = departure(row.values)
    if isinstance(says, Departure):
        return CheckedRow(row, None, goes=says.product_id)
    if says is not None:
        return CheckedRow(row, None, (replace(says, line=row.line),))
    checked = validate(row.values, line=row.line, type_from=type_from)
    return CheckedRow(row, checked.product, checked.problems)


def _duplicate(product_id: str, line: int, first: int) -> Problem:
    cause = f'The id "{shown(product_id)}" stands on line {first} already.'
    return Problem("duplicate-id", "id", cause, "Give every product its own id.", line, product_id)


@dataclass(slots=True)
class Survey:
    """Counts over a whole feed.

    rows: all rows. refused: rows without a product. products: the others. pictures: of those; new_pictures: of those
    that are not unchanged. unchanged: products whose
    content hash is the published one. published: products that are published, changed or not. departures: ids that are
    to go. told: the problems of all rows.
    """

    rows: int = 0
    refused: int = 0
    products: int = 0
    pictures: int = 0
    new_pictures: int = 0
    unchanged: int = 0
    published: int = 0
    departures: set[str] = field(default_factory=set)
    told: Told = field(default_factory=Told)


def surveyed(feed: FeedFormat, type_from: TypeFrom, published: Mapping[str, str]) -> Iterator[Survey]:
    """Read the whole feed; yields the growing survey now and then, so that the caller can show it or stop.

    published: content hash by product id of what is published now. The last survey yielded is complete.
    """
    survey = Survey()
    for number, checked in enumerate(checked_rows(feed, type_from), start=1):
        survey.rows += 1
        survey.told.note(checked.problems)
        if checked.goes:
            survey.departures.add(checked.goes)
        elif checked.product is None:
            survey.refused += 1
        else:
            survey.products += 1
            survey.published += checked.product.id in published
            survey.pictures += len(checked.product.images)
            same = published.get(checked.product.id) == checked.product.content_hash
            survey.unchanged += same
            survey.new_pictures += 0 if same else len(checked.product.images)
        if number % 200 == 0:
            yield survey
    survey.told.note(tuple(column_warnings(feed)))
    yield survey


def column_warnings(feed: FeedFormat) -> list[Problem]:
    """One warning per column that is no attribute of the Merchant feed; the rows must have been read."""
    return [
        Problem(
            "unknown-field",
            name,
            f'The column "{shown(name)}" is no attribute of the feed; it was left out.',
            "Correct its name if it is misspelled (docs/feeds.md lists them).",
            severity=Severity.WARNING,
        )
        for name in unread_columns(feed.columns)
        if name.strip()
    ]
