"""Every product type the shop can draw, and the kinds of things it does not sell."""

from __future__ import annotations

from demo_shop.designs import decor, furniture, kitchen, lamps, planters, seating, strangers, textiles, vessels
from demo_shop.model import ProductType

SOLD: tuple[ProductType, ...] = (
    *seating.TYPES, *furniture.TYPES, *lamps.TYPES, *vessels.TYPES, *planters.TYPES, *kitchen.TYPES, *decor.TYPES,
    *textiles.TYPES,
)  # fmt: skip
NOT_SOLD: tuple[ProductType, ...] = tuple(strangers.TYPES)
