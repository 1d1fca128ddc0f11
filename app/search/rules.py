"""Merchandising rules: pin, boost and bury products of a result set, by what they are, what was asked and the date.

A rule moves a product's place, never its score: the score goes on meaning how likely a shopper calls it similar, and
its reasons go on adding up to it. It is named among the reasons with a weight of 0. Rules act within the result set:
nothing that is not similar is shown because a rule wants it, and an order by price is the shopper's own.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from hashlib import sha256
from math import exp, log
from pathlib import Path
from typing import Any

from app.catalog import FacetField, Product, facet_values
from app.errors import BadRequest
from app.search.rank import Scored

STRONGEST = 5.0
DEFAULT_STRENGTH = 1.0
"""A boost of 1 takes a score of 0.5 to the place of one of 0.73."""
MOST_RULES = 200
FIELDS: Mapping[str, FacetField] = {
    "brand": FacetField.BRAND,
    "category": FacetField.CATEGORY,
    "type": FacetField.TYPE,
    "color": FacetField.COLOR,
    "material": FacetField.MATERIAL,
    "pattern": FacetField.PATTERN,
    "availability": FacetField.AVAILABILITY,
}
WHERE = (*FIELDS, "id", "label", "price_min", "price_max")
WHEN = ("type", "text")


class BadRules(BadRequest):
    """The file of merchandising rules cannot be used; nothing of it is."""

    code = "bad-rules"
    title = "The merchandising rules cannot be used"


class Action(StrEnum):
    """What a rule does with the products it is about."""

    PIN = "pin"  # before all others, in the order of the rules, then of the scores
    BOOST = "boost"  # up, by the strength
    BURY = "bury"  # behind all others


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. where: about products; values of one field are alternatives, all fields must hold.

    when: about the search; type: what was seen, text: words of which one must be asked. since, until: days, both
    included (UTC). strength: of a boost.
    """

    name: str
    action: Action
    where: Mapping[str, tuple[str, ...]]
    price: tuple[Decimal | None, Decimal | None] = (None, None)
    when: Mapping[str, tuple[str, ...]] | None = None
    since: date | None = None
    until: date | None = None
    strength: float = DEFAULT_STRENGTH

    def is_on(self, today: date, seen: str, text: str) -> bool:
        """Whether it acts on a search of this day, seen type and text."""
        if (self.since is not None and today < self.since) or (self.until is not None and today > self.until):
            return False
        asked = self.when or {}
        words = set(text.casefold().split())
        return ("type" not in asked or seen.casefold() in asked["type"]) and (
            "text" not in asked or any(set(one.split()) <= words for one in asked["text"])
        )

    def is_about(self, product: Product) -> bool:
        """Whether it is about a product."""
        low, high = self.price
        if low is not None or high is not None:
            pays = product.sells_for
            if pays is None or not (low or Decimal(0)) <= pays.amount or (high is not None and pays.amount > high):
                return False
        return all(_values(product, field) & set(values) for field, values in self.where.items())


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a shop, in the order of the file. version: a digest of the file; "" for none."""

    all: tuple[Rule, ...] = ()
    version: str = ""

    def on(self, today: date, seen: str, text: str) -> tuple[Rule, ...]:
        """Those that act on a search."""
        return tuple(rule for rule in self.all if rule.is_on(today, seen, text))


@dataclass(frozen=True, slots=True)
class Placing:
    """Where rules put results. place: product id -> place, greater is earlier; named: product id -> names of rules."""

    place: Mapping[str, float]
    named: Mapping[str, tuple[str, ...]]


def placing(results: Sequence[Scored], products: Mapping[str, Product], rules: Sequence[Rule]) -> Placing:
    """Place results by their score and the rules that are on. products: of the results, by id.

    A pin goes before all, a bury behind all; a product that is pinned is not buried. Boosts add up in the logit.
    """
    place: dict[str, float] = {}
    named: dict[str, tuple[str, ...]] = {}
    for one in results:
        product = products.get(one.product_id)
        about = [(number, rule) for number, rule in enumerate(rules) if product is not None and rule.is_about(product)]
        pins = [number for number, rule in about if rule.action is Action.PIN]
        buried = any(rule.action is Action.BURY for _, rule in about)
        raised = sum(rule.strength for _, rule in about if rule.action is Action.BOOST)
        own = _raised(one.score, raised)
        place[one.product_id] = 2.0 + len(rules) - pins[0] + own if pins else own - 1.0 if buried else own
        acting = [rule for _, rule in about if (rule.action is Action.PIN) == bool(pins)]
        if acting:
            named[one.product_id] = tuple(f"{rule.name} ({rule.action})" for rule in acting)
    return Placing(place, named)


def _raised(score: float, strength: float) -> float:
    """The score with the strength added to its logit, 0..1."""
    if strength == 0.0:
        return score
    inside = min(1.0 - 1e-12, max(1e-12, score))
    return 1.0 / (1.0 + exp(-(log(inside / (1.0 - inside)) + strength)))


def _values(product: Product, field: str) -> set[str]:
    if field == "id":
        return {product.id.casefold()}
    if field == "label":
        return {label.casefold() for label in product.custom_labels if label}
    return {value.casefold() for value in facet_values(product, FIELDS[field])}


def read_rules(path: Path) -> Rules:
    """Rules from their TOML file. Raises BadRules naming the rule and the member that cannot be used."""
    try:
        data = path.read_bytes()
        table = tomllib.loads(data.decode("utf-8"))
    except (OSError, ValueError) as broken:
        raise BadRules(f"{path.name} cannot be read: {broken}.", fix="Mend what it names; see docs/rules.md.") from None
    entries = table.get("rule", [])
    if set(table) - {"rule"} or not isinstance(entries, list) or len(entries) > MOST_RULES:
        raise BadRules(f"{path.name} holds other things than up to {MOST_RULES} [[rule]].", fix="See docs/rules.md.")
    rules = tuple(_rule(entry, number) for number, entry in enumerate(entries, start=1))
    names = [rule.name for rule in rules]
    if len(set(names)) != len(names):
        raise BadRules("Two rules have one name.", fix="Give each its own: reasons name them.")
    return Rules(rules, sha256(data).hexdigest()[:12])


def _rule(entry: Any, number: int) -> Rule:
    known = {"name", "action", "where", "when", "from", "until", "strength"}
    wrong = _refuser(f"Rule {number}")
    if not isinstance(entry, dict) or set(entry) - known:
        raise wrong(f"has members it should not have; known are {', '.join(sorted(known))}")
    name, action, strength = entry.get("name"), entry.get("action"), entry.get("strength", DEFAULT_STRENGTH)
    if not isinstance(name, str) or not 0 < len(name.strip()) <= 80:
        raise wrong("needs a name of at most 80 characters")
    wrong = _refuser(f"Rule {number} ({name})")
    if action not in set(Action):
        raise wrong(f"has no action; it is one of {', '.join(Action)}")
    if isinstance(strength, bool) or not isinstance(strength, int | float) or not 0 < strength <= STRONGEST:
        raise wrong(f"has a strength that is no number above 0, at most {STRONGEST:g}")
    where = entry.get("where")
    if not isinstance(where, dict) or not where:
        raise wrong("says of no product what it is about: `where` is missing")
    since, until = (_day(entry.get(name), name, wrong) for name in ("from", "until"))
    if since is not None and until is not None and until < since:
        raise wrong("ends before it begins")
    low, high = (_amount(where.get(name), name, wrong) for name in ("price_min", "price_max"))
    return Rule(
        name=name.strip(),
        action=Action(action),
        where=_members({key: value for key, value in where.items() if not key.startswith("price_")}, WHERE, wrong),
        price=(low, high),
        when=_members(entry.get("when", {}), WHEN, wrong),
        since=since,
        until=until,
        strength=float(strength),
    )


Refuser = Callable[[str], BadRules]


def _refuser(which: str) -> Refuser:
    return lambda what: BadRules(f"{which} {what}.", fix="See docs/rules.md for the form of a rule.")


def _members(given: Any, known: Iterable[str], wrong: Refuser) -> dict[str, tuple[str, ...]]:
    if not isinstance(given, dict):
        raise wrong("has a `where` or `when` that is no table")
    found = {}
    for name, value in given.items():
        if name not in known:
            raise wrong(f"speaks of {name!r}; known are {', '.join(known)}")
        values = [value] if isinstance(value, str) else value
        if (
            not isinstance(values, list)
            or not values
            or not all(isinstance(one, str) and one.strip() for one in values)
        ):
            raise wrong(f"has a {name} that is neither a text nor a list of texts")
        found[name] = tuple(" ".join(one.casefold().split()) for one in values)
    return found


def _day(value: Any, name: str, wrong: Refuser) -> date | None:
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    raise wrong(f"has a `{name}` that is no day like 2026-11-30")


def _amount(value: Any, name: str, wrong: Refuser) -> Decimal | None:
    if value is None:
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal(-1)
    if isinstance(value, bool) or not amount.is_finite() or amount < 0:
        raise wrong(f"has a {name} that is no amount")
    return amount
