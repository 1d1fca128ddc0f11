"""Loads from the wire and to the wire. Pure."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from pydantic import ValidationError

from app.api import load_schemas as schemas
from app.edge import InvalidRequest
from app.loads import Load, Order

Wishes = TypeVar("Wishes", bound=schemas.LoadWishes)


def checked(model: type[Wishes], given: object) -> Wishes:
    """The wishes of a form's fields or a JSON body. Raises InvalidRequest that lists what is wrong."""
    try:
        return model.model_validate(given)
    except ValidationError as wrong:
        errors = [
            {"field": ".".join(str(part) for part in entry["loc"])[:64], "message": entry["msg"]}
            for entry in wrong.errors(include_input=False, include_url=False)[:20]
        ]
        fields = ", ".join(dict.fromkeys(entry["field"] or "body" for entry in errors))
        raise InvalidRequest(
            f"These values cannot be used: {fields}.", fix="Correct what `extra.errors` names.", errors=errors
        ) from None


def order_from(wishes: schemas.LoadWishes, name: str, url: str | None = None) -> Order:
    """The order. Raises InvalidRequest for wishes that contradict each other."""
    clash = ("delta", "delete_missing") if wishes.delta and wishes.delete_missing else ()
    if wishes.images and not wishes.dry_run:
        clash = ("images", "dry_run")
    if clash:
        raise InvalidRequest(
            f"`{clash[0]}` and `{clash[1]}` do not go together like this.",
            fix="`delta` loads a part, `delete_missing` a whole shop; `images` is for a dry run.",
            errors=[{"field": field, "message": "contradicts another member"} for field in clash],
        )
    said = wishes.model_dump(exclude={"name", "url"})
    return Order(name=name[:200], url=url, **said)


def readable_name(file_name: str) -> str:
    """What a caller's file is called: without its folders and anything that cannot be shown."""
    last = re.split(r"[/\\]", file_name)[-1]
    return "".join(letter for letter in last if letter.isprintable())[:200].strip() or "feed"


def rejects_name(name: str) -> str:
    """ "shop.tsv.gz" -> "shop.rejects.tsv"."""
    stem = re.split(r"[/\\]", name.partition("?")[0])[-1].removesuffix(".gz")
    base, dot, ending = stem.rpartition(".")
    return f"{base}.rejects.{ending}" if dot and base else f"{stem or 'feed'}.rejects"


def load_model(load: Load) -> schemas.LoadModel:
    """A load on the wire; paths of this machine stay here."""
    return schemas.LoadModel(
        id=load.id,
        state=load.state.value,
        name=load.order.name,
        url=load.order.url,
        dry_run=load.order.dry_run,
        delta=load.order.delta,
        created_at=load.created_at,
        ended_at=load.ended_at,
        holder=load.holder,
        progress=schemas.ProgressModel(stage=load.stage, done=load.done, total=load.total, pictures=load.pictures),
        summary=None if load.summary is None else _summary(load.summary),
        problem=None if load.trouble is None else schemas.TroubleModel(**asdict(load.trouble)),
        rejects=f"/loads/{load.id}/rejects" if load.has_rejects else None,
    )


def _summary(said: Mapping[str, Any]) -> schemas.LoadSummary:
    pictures = {name: said["images"][name] for name in schemas.PictureCounts.model_fields}
    return schemas.LoadSummary(
        message=said["message"],
        generation=said["generation"],
        products=said["products"],
        gone=said["gone"],
        seconds=said["seconds"],
        rows=schemas.RowCounts(**said["rows"]),
        pictures=schemas.PictureCounts(**pictures),
        problems=said["problems"],
        samples=[schemas.RowProblem(**sample) for sample in said["samples"]],
    )
