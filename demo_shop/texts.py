"""What the shop says about a product: title, description, brand, price and the other columns of a Merchant feed."""

from __future__ import annotations

import numpy as np

from demo_shop.model import seeded
from demo_shop.shop import Design, Product, drawn

BRANDS = (
    "Norrby & Lund", "Casa Miro", "Fjordhem", "Otterly", "Tallow Street", "Bramble & Birch", "Kinfold", "Atelier Sauge",
    "Hearthline", "Maren Works", "Pellworm", "Studio Quince",
)  # fmt: skip
COLLECTIONS = (
    "Alba", "Arlo", "Asker", "Bodie", "Brisa", "Calder", "Cleo", "Darrow", "Delft", "Elm", "Esme", "Falun",
    "Fern", "Garnet", "Greta", "Halden", "Hugo", "Ines", "Ivar", "Juno", "Kasia", "Kelso", "Lark", "Lotta",
    "Luca", "Mabel", "Marlo", "Nell", "Nova", "Odin", "Olive", "Orla", "Pascal", "Petra", "Quill", "Rae",
    "Rowan", "Rufus", "Saga", "Selma", "Tess", "Tilda", "Ulla", "Vera", "Wells", "Willa", "Yara", "Zuri",
)  # fmt: skip
OPENINGS = (
    "A {pattern}{word} in {color} {material}, made to be used every day.",
    "This {material} {word} brings a quiet touch of {color} to the room.",
    "Our {color} {word} is made of {material} and finished by hand.",
    "Simple lines and honest {material}: a {word} in {color} that goes with almost anything.",
    "The {collection} {word} pairs {color} {material} with a shape you will want to keep for years.",
)
CARE = {
    "fabric": "The cover is removable and washes at 30 degrees.", "velvet": "Brush lightly to keep the pile even.",
    "leather": "The leather grows richer with age.", "wood": "Wipe clean and oil once a year.",
    "ceramic": "Dishwasher safe.", "stoneware": "Each piece is glazed by hand, so no two are quite the same.",
    "porcelain": "Thin, strong and dishwasher safe.", "glass": "Mouth-blown; small bubbles are part of its charm.",
    "metal": "Polish with a soft dry cloth.", "wool": "Undyed edges, woven from long-staple wool.",
    "rattan": "Woven by hand from natural fibers.", "seagrass": "Woven by hand from natural fibers.",
    "linen": "Washed linen that softens with every wash.", "enamel": "Enameled steel, safe on every kind of hob.",
}  # fmt: skip


def title(product: Product) -> str:
    """Such as ``Marlo spindle-back chair, teal``: collection, what marks the design, type word and color."""
    words = dict(drawn(product.design)[0:2][1])
    marks = [
        words[key]
        for key in ("style", "shape", "back", "seats", "use", "height", "base", "stand", "relief")
        if key in words
    ]
    mark = next((word for word in marks if word != "smooth"), "")
    noun = product.design.type.word
    if noun in mark:
        mark = mark.replace(noun, "").strip()
    if mark.endswith((" clock", " pan")) and noun in ("clock", "pan"):
        noun = ""
    pattern = "" if product.main.pattern == "plain" else f"{product.main.pattern} "
    named = f"{_collection(product.design)} {pattern}{mark.replace(' back', '-back').replace(' base', '-base')} {noun}"
    return f"{' '.join(named.split())}, {' and '.join(product.colors)}"


def _collection(design: Design) -> str:
    return str(seeded("collection", design.seed, design.group).choice(COLLECTIONS))


def brand(design: Design) -> str:
    """The design's maker."""
    return str(seeded("brand", design.seed, design.group).choice(BRANDS))


def description(product: Product) -> str:
    """One to three sentences, varied by the product's own dice."""
    rng = seeded("description", product.id)
    main = product.main
    opening = str(rng.choice(OPENINGS)).format(
        pattern="" if main.pattern == "plain" else f"{main.pattern} ",
        word=product.design.type.word,
        color=" and ".join(product.colors),
        material=main.kind,
        collection=_collection(product.design),
    )
    words = dict(drawn(product.design)[1])
    marked = [word for key, word in words.items() if key not in ("motif", "use", "relief") and word != main.kind]
    with_what = f" With {', '.join(dict.fromkeys(marked))}." if marked and rng.random() < 0.8 else ""
    care = f" {CARE[main.kind]}" if main.kind in CARE and rng.random() < 0.6 else ""
    return opening.replace("A armchair", "An armchair") + with_what + care


def prices(product: Product) -> tuple[str, str]:
    """Price and sale price (empty when not reduced), such as ``129.00 USD``."""
    rng = seeded("price", product.design.seed, product.design.group)
    low, high = product.design.type.price
    amount = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    ending = float(rng.choice([0.0, 0.99, 0.5, 0.95]))
    whole = round(amount / 10) * 10 - 1 if amount > 100 else round(amount)
    price = whole + ending
    cut = seeded("sale", product.id).random()
    sale = f"{round(price * (0.7 + cut)) - 0.01:.2f} USD" if cut < 0.18 else ""
    return f"{price:.2f} USD", sale


def availability(product: Product) -> str:
    """Mostly in stock, some not."""
    return str(seeded("stock", product.id).choice(["in_stock", "out_of_stock", "backorder"], p=[0.87, 0.10, 0.03]))


def gtin(product: Product) -> str:
    """An EAN-13 under prefix 952, which GS1 keeps for demonstrations; a third of small makers' goods have none."""
    rng = seeded("gtin", product.id)
    if rng.random() < 0.33:
        return ""
    digits = [9, 5, 2, *rng.integers(0, 10, 9).tolist()]
    check = (10 - sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10) % 10
    return "".join(map(str, [*digits, check]))


def size(product: Product) -> str:
    """The longest side in centimeters, with the direction it runs in."""
    low, high = product.design.type.size_cm
    parts, _ = drawn(product.design)
    spans = np.max([part.mesh.bounds[1] for part in parts], axis=0) - np.min(
        [part.mesh.bounds[0] for part in parts], axis=0
    )
    centimeters = round(float(seeded("size", product.design.group).uniform(low, high)))
    return f"{'WDH'[int(np.argmax(spans))]} {centimeters} cm"
