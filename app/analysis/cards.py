"""Model cards: small TOML files that say what a retailer's own model is and what its labels mean.

name = "materials"
provider = "vertex"                # vertex, google_automl or rekognition
kind = "classification"            # classification, detection or embedding
model = "projects/P/locations/us-central1/endpoints/123"
version = "2026-11"
threshold = 0.4                    # labels below it are left out; default 0.5
attribute = "material"             # every label is a value of this attribute …
[labels]
velour = "material=velvet"         # … but for those named here
none_of_the_above = ""             # "" means nothing
"""

import hashlib
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from app.analysis.sighting import Notebook
from app.analysis.source import BadCard

PROVIDERS = ("google_automl", "rekognition", "vertex")
KINDS = ("classification", "detection", "embedding")
_FIELDS = {"name", "provider", "kind", "model", "version", "threshold", "attribute", "labels", "most", "dims", "region"}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_SHAPES = {
    "google_automl": re.compile(r"projects/[^/]+/locations/[^/]+/models/[^/]+"),
    "vertex": re.compile(r"projects/[^/]+/locations/[^/]+/(endpoints/[^/]+|publishers/google/models/[^/]+)"),
    "rekognition": re.compile(r"arn:aws[a-z-]*:rekognition:[^:]+:[^:]+:project/.+"),
}


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model of the retailer's.

    meanings: label -> (attribute, value), or None for a label that means nothing. attribute: what all other labels are
    values of; None leaves them to the vocabulary. threshold: 0..1. most: labels or boxes asked for. dims: of a vector.
    fingerprint: changes with anything in the card.
    """

    name: str
    provider: str
    kind: str
    model: str
    version: str
    threshold: float = 0.5
    attribute: str | None = None
    meanings: Mapping[str, tuple[str, str] | None] | None = None
    most: int = 10
    dims: int = 1408
    region: str = ""
    fingerprint: str = ""

    @property
    def source(self) -> str:
        """The name of the source: "vertex/materials"."""
        return f"{self.provider}/{self.name}"

    def write(self, notes: Notebook, label: object, confidence: object) -> None:
        """Write down what a label of the model means."""
        if isinstance(label, str) and self.meanings and label in self.meanings:
            meaning = self.meanings[label]
            if meaning is not None:
                notes.claim(*meaning, confidence)
        elif isinstance(label, str) and self.attribute is not None:
            notes.claim(self.attribute, label.replace("_", " ").lower(), confidence)
        else:
            notes.word(label.replace("_", " ") if isinstance(label, str) else label, confidence)

    def word_for(self, label: str) -> str:
        """What a box with this label is called: the type it means, or the label itself."""
        meaning = (self.meanings or {}).get(label)
        return meaning[1] if meaning and meaning[0] == "type" else label.replace("_", " ")


BadCards: TypeAlias = list[tuple[str, BadCard]]
"""(file name, why) of each card that cannot be used."""


def read_cards(folder: Path, provider: str, known: Collection[str]) -> tuple[list[ModelCard], BadCards]:
    """The provider's cards in a folder, and those that cannot be used; sorted by file.

    known: attributes the shop knows. A file that is no TOML counts as a bad card of every provider.
    """
    cards: list[ModelCard] = []
    bad: BadCards = []
    for path in sorted(folder.glob("*.toml")):
        try:
            document = _document(path)
            if document.get("provider") == provider or document.get("provider") not in PROVIDERS:
                cards.append(_card(path.name, document, known))
        except BadCard as problem:
            bad.append((path.name, problem))
    names = [card.name for card in cards]
    for card in [one for one in cards if names.count(one.name) > 1]:
        cards.remove(card)
        bad.append((card.name, _bad(card.name, "two cards have this name", "Give each model a name of its own.")))
    return cards, bad


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as broken:
        raise _bad(path.name, f"it is no TOML ({broken})", "docs/cloud.md shows one that works.") from None


def _card(file: str, document: dict[str, Any], known: Collection[str]) -> ModelCard:
    unknown = sorted(set(document) - _FIELDS)
    if unknown:
        raise _bad(file, f"it has unknown fields: {', '.join(unknown)}", f"Known: {', '.join(sorted(_FIELDS))}.")
    name, kind, model = (_text(file, document, field) for field in ("name", "kind", "model"))
    provider, version = _text(file, document, "provider"), _text(file, document, "version")
    if not _NAME.fullmatch(name):
        raise _bad(file, f"name {name!r} is not made of a-z, 0-9, _ and -", "Write a short name, e.g. materials.")
    if provider not in PROVIDERS or kind not in KINDS or (kind == "embedding" and provider != "vertex"):
        raise _bad(file, f"{provider}/{kind} is not offered", f"Providers: {PROVIDERS}; kinds: {KINDS}.")
    if not _SHAPES[provider].fullmatch(model):
        raise _bad(file, f"model {model!r} is not a {provider} resource", f"It looks like {_SHAPES[provider].pattern}.")
    threshold, most, dims = document.get("threshold", 0.5), document.get("most", 10), document.get("dims", 1408)
    if not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
        raise _bad(file, "threshold is no number in 0..1", "Write e.g. threshold = 0.5.")
    if not isinstance(most, int) or not 1 <= most <= 100 or dims not in (128, 256, 512, 1408):
        raise _bad(file, "most is not in 1..100, or dims not 128, 256, 512 or 1408", "Correct or remove it.")
    attribute = document.get("attribute")
    meanings = _meanings(file, document.get("labels", {}))
    named = {attribute} if attribute is not None else set()
    for stranger in sorted((named | {meaning[0] for meaning in meanings.values() if meaning}) - set(known), key=str):
        raise _bad(
            file, f"it names the attribute {stranger!r}, which the vocabulary does not know",
            f"Use one of {', '.join(sorted(known))}, or add it under [attributes] in the file of AKIN_VOCABULARY.",
        )  # fmt: skip
    fingerprint = hashlib.sha256(repr(sorted(document.items(), key=lambda item: item[0])).encode()).hexdigest()[:12]
    return ModelCard(
        name, provider, kind, model, version, float(threshold), attribute, meanings, most, dims,
        str(document.get("region", "")), fingerprint,
    )  # fmt: skip


def _text(file: str, document: dict[str, Any], field: str) -> str:
    value = document.get(field)
    if not isinstance(value, str) or not value:
        raise _bad(file, f"{field} is missing or no text", "docs/cloud.md shows a card that works.")
    return value


def _meanings(file: str, labels: object) -> dict[str, tuple[str, str] | None]:
    if not isinstance(labels, dict):
        raise _bad(file, "[labels] is no table", 'Write lines like velour = "material=velvet".')
    found: dict[str, tuple[str, str] | None] = {}
    for label, meaning in labels.items():
        attribute, equals, value = str(meaning).partition("=")
        if meaning == "":
            found[label] = None
        elif isinstance(meaning, str) and equals and attribute and value:
            found[label] = (attribute, value)
        else:
            raise _bad(file, f"the meaning of {label!r} is not attribute=value", 'Write e.g. "material=velvet", or "".')
    return found


def _bad(file: str, what: str, fix: str) -> BadCard:
    return BadCard(f"The model card {file} cannot be used: {what}.", fix=fix)
