"""Decides what the shop sells: which designs, in which finishes, and who photographs what. Draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from demo_shop import colors
from demo_shop.designs import NOT_SOLD, SOLD
from demo_shop.materials import Finish
from demo_shop.model import Draw, Part, ProductType, Slot, fit, seeded

PATTERNED = {
    "fabric", "wool", "linen", "ceramic", "stoneware", "porcelain", "enamel", "painted metal", "plastic", "terracotta",
    "concrete", "rattan", "seagrass", "paper", "velvet",
}  # fmt: skip
SHIPPED_SEED = 1


@dataclass(frozen=True)
class Design:
    """One item group: a shape that is sold in several finishes. ``number`` counts from 1 within its type."""

    type: ProductType
    number: int
    seed: int

    @property
    def group(self) -> str:
        """The item_group_id; shops of other seeds carry the seed in it, so that their ids never meet."""
        prefix = "" if self.seed == SHIPPED_SEED else f"s{self.seed}-"
        return f"{prefix}{self.type.word.replace(' ', '-')}-{self.number:03d}"

    @property
    def split(self) -> str:
        """``fit`` or ``test``: every other design, so that both halves hold every type."""
        return "fit" if self.number % 2 else "test"


@dataclass(frozen=True)
class Product:
    """One sellable thing: a design in one set of finishes. ``finishes`` pairs slot names with what they wear."""

    design: Design
    variant: int
    finishes: tuple[tuple[str, Finish], ...]

    @property
    def main(self) -> Finish:
        """The finish that the product is named after."""
        return dict(self.finishes)[next(iter(self.design.type.slots))]

    @property
    def colors(self) -> tuple[str, ...]:
        """The main color first, then the pattern's."""
        main = self.main
        return (main.color,) if main.pattern == "plain" else (main.color, main.second)

    @property
    def id(self) -> str:
        return f"{self.design.group}-{self.main.color}"


def designs(seed: int, total: int | None = None, words: Sequence[str] = ()) -> list[Design]:
    """The shop's designs, type by type; ``total`` spreads that many over the types in their usual proportion."""
    types = [one for one in SOLD if not words or one.word in words]
    usual = sum(one.designs for one in types)
    wanted = usual if total is None else total
    ends = np.rint(np.cumsum([one.designs for one in types]) * wanted / usual).astype(int).tolist()
    counts = np.diff([0, *ends]).tolist()
    return [Design(one, n + 1, seed) for one, count in zip(types, counts, strict=True) for n in range(count)]


def strangers(seed: int, total: int) -> list[Product]:
    """``total`` things that are not sold, kinds in turn; each in one finish."""
    chosen = [Design(NOT_SOLD[k % len(NOT_SOLD)], k // len(NOT_SOLD) + 1, seed) for k in range(total)]
    return [variants(design, least=1, most=1)[0] for design in chosen]


@lru_cache(maxsize=4)
def drawn(design: Design) -> tuple[tuple[Part, ...], tuple[tuple[str, str], ...]]:
    """The design's parts in the unit box, and the words that describe what the dice chose."""
    start = int(seeded("start", design.seed).integers(0, 60))
    draw = Draw(seeded("shape", design.seed, design.type.word, design.number), start + design.number)
    parts = fit(design.type.draw(draw))
    return tuple(parts), tuple((key, value) for key, value in draw.words.items() if key)


def variants(design: Design, least: int = 2, most: int = 4) -> list[Product]:
    """The finishes a design is sold in: one material and pattern, colors that a shopper can tell apart."""
    rng = seeded("variants", design.seed, design.type.word, design.number)
    slots = design.type.slots
    main_slot = next(iter(slots))
    kind, pattern = _main(slots[main_slot], design)
    # Only slots the drawing really has are worn; the dice roll for all, so that drawing never changes colors.
    count = int(np.clip(rng.choice([2, 3, 4], p=[0.52, 0.34, 0.14]), least, most))
    fixed = {slot: str(rng.choice(kinds.kinds)) for slot, kinds in slots.items()}
    shared = {slot: str(rng.choice(colors.KIND_COLORS[fixed[slot]])) for slot in slots}
    made = []
    for number, color in enumerate(colors.apart(kind, count, rng, least=28.0)):
        main = Finish(kind, color, pattern, colors.partner(color, rng), design.group)
        worn = {main_slot: main}
        for slot in list(slots)[1:]:
            worn[slot] = _worn(slot, fixed[slot], shared[slot], main, design, rng)
        made.append(Product(design, number + 1, tuple(worn.items())))
    return made


def _main(slot: Slot, design: Design) -> tuple[str, str]:
    turn = design.number + int(seeded("kind", design.seed, design.type.word).integers(0, 60))
    kind = slot.kinds[turn % len(slot.kinds)]
    # Patterns walk at another pace than kinds, so that all pairs come up.
    pattern = slot.patterns[(turn + turn // len(slot.kinds)) % len(slot.patterns)]
    return kind, pattern if kind in PATTERNED else "plain"


def _worn(slot: str, kind: str, color: str, main: Finish, design: Design, rng: np.random.Generator) -> Finish:
    """What a secondary slot wears beside the main finish."""
    if kind == "art":
        motif = dict(drawn(design)[1]).get("motif", "circles")
        palette = seeded("art", design.seed, design.number).choice(
            [
                "navy+terracotta+mustard",
                "green+pink+ivory",
                "black+mustard+gray",
                "teal+orange+navy",
                "burgundy+sage+charcoal",
            ]
        )
        return Finish("art", "white", motif, str(palette), design.group)
    if slot == "buttons":
        return main
    if (
        slot in ("trim", "handle")
        and design.type.sold
        and main.pattern != "plain"
        and kind in ("fabric", "ceramic", "linen")
    ):
        color = main.second if main.second in colors.KIND_COLORS[kind] else color
    if slot == "face":
        color = str(seeded("face", design.group).choice(["white", "ivory", "black", "white", "navy", "sage"]))
    if slot == "hands":
        face = str(seeded("face", design.group).choice(["white", "ivory", "black", "white", "navy", "sage"]))
        kind, color = ("metal", "brass") if colors.distance(face, "black") < 40 else ("dark metal", "black")
    pattern = "plain"
    slots = design.type.slots[slot]
    if len(slots.patterns) > 1 and kind in PATTERNED:
        pattern = slots.patterns[design.number % len(slots.patterns)]
    return Finish(kind, color, pattern, colors.partner(color, rng), design.group)
