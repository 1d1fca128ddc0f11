"""Judged photos: what people say is right for a photo; to mark, to list, to take elsewhere and to bring along."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Body, Path, Response
from fastapi.responses import StreamingResponse
from pydantic import ValidationError
from starlette.requests import Request

from app.api import lab_examples as examples
from app.api.lab_schemas import ImportedModel, JudgedChange, JudgedList, JudgedModel, RefusedPhoto
from app.api.openapi import Responses, body_problems, example, problems
from app.api.photo_field import PHOTO_PROBLEMS, photo_of_form
from app.edge import (
    BeginDep,
    DecoderDep,
    InvalidForm,
    InvalidJson,
    InvalidRequest,
    JudgedDep,
    LimitsDep,
    PhotosDep,
    UnsupportedMediaType,
    UploadsDep,
    read_form,
    refuse_unknown,
    save_form,
)
from app.evaluation import export_set, import_set
from app.insights import InsightsUnavailable, InvalidJudgedSet, Judged, JudgedPhotoNotFound, Told

JudgedId = Annotated[
    str, Path(min_length=1, max_length=64, description="The judged photo's id.", examples=["5f0c7d0c6f5e4a0f"])
]
_CHUNK = 1 << 16
_JPEG: Responses = {
    200: {
        "description": "The clean JPEG: upright, at most 1024 pixels, nothing but pixels in it.",
        "content": {"image/jpeg": {"examples": {"jpeg": {"value": "(bytes of a JPEG)"}}}},
    }
}
_ZIP: Responses = {
    200: {
        "description": "The judged photos.",
        "content": {"application/zip": {"examples": {"zip": {"value": "(bytes of judged.zip)"}}}},
    }
}

router = APIRouter(prefix="/judged-photos", tags=["lab"])


@router.get(
    "",
    operation_id="listJudgedPhotos",
    summary="List the judged photos",
    responses={**example("one", "One photo, two judgments", examples.JUDGED_LIST), **problems(InsightsUnavailable)},
)
async def list_judged(judged: JudgedDep) -> JudgedList:
    """All of them, newest first: what `POST /evaluations` measures with."""
    return JudgedList(photos=[judged_model(one) for one in await judged.all()])


@router.post(
    "",
    operation_id="judgePhoto",
    summary="Judge a photo",
    openapi_extra={"requestBody": examples.JUDGED_FORM},
    responses={
        **example("judged", "The photo as it is kept", examples.JUDGED),
        **body_problems(
            InvalidForm, InvalidJson, InvalidRequest, UnsupportedMediaType, InsightsUnavailable, *PHOTO_PROBLEMS
        ),
    },
)
async def judge_photo(
    request: Request, judged: JudgedDep, decoder: DecoderDep, photos: PhotosDep, uploads: UploadsDep, begin: BeginDep
) -> JudgedModel:
    """Keep a photo with what is true of it; a photo that is there already takes over what is said now.

    Only the clean JPEG is kept, without EXIF and place. A photo of a person's home is theirs: ask before you keep it.
    """
    with uploads.hold() as take:
        form = await read_form(request, take, file_fields=frozenset({"photo"}))
        refuse_unknown(form.fields, ("photo", "photo_id", "judged"))
        change = _change(form.fields.get("judged", "{}"))
        photo = await photo_of_form(form, decoder, photos)
        known = next((one for one in await judged.all() if one.id == photo.sha256), None)
        told = _changed(known.told if known is not None else Told(), change)
        await begin()
        return judged_model(await judged.put(photo.sha256, photo.jpeg, told, change.judgments, replace=True))


# Words before ids, or they would be taken for one.


@router.get(
    "/export",
    operation_id="exportJudgedPhotos",
    summary="All judged photos as one file",
    response_class=StreamingResponse,
    responses={**_ZIP, **problems(InsightsUnavailable)},
)
async def export_judged(judged: JudgedDep) -> StreamingResponse:
    """A zip of `queries.jsonl`, in the form of docs/evaluation.md, and the photos.

    Unpacked, `akin evaluate` reads it; `POST /judged-photos/import` takes it as it is.
    """
    file = await anyio.to_thread.run_sync(tempfile.TemporaryFile)
    try:
        await export_set(judged, file)
        file.seek(0)
    except BaseException:
        file.close()
        raise

    async def chunks() -> Any:
        with file:
            while data := await anyio.to_thread.run_sync(file.read, _CHUNK):
                yield data

    headers = {"content-disposition": 'attachment; filename="judged.zip"', "cache-control": "no-store"}
    return StreamingResponse(chunks(), media_type="application/zip", headers=headers)


@router.post(
    "/import",
    operation_id="importJudgedPhotos",
    summary="Bring judged photos along",
    openapi_extra={"requestBody": examples.IMPORT_FORM},
    responses={
        **example("most", "One photo could not be read", examples.IMPORTED),
        **body_problems(InvalidForm, InvalidRequest, UnsupportedMediaType, InvalidJudgedSet, InsightsUnavailable),
    },
)
async def import_judged(
    request: Request, judged: JudgedDep, decoder: DecoderDep, limits: LimitsDep, begin: BeginDep
) -> ImportedModel:
    """Send the zip as the form field `set`, up to 1,000 photos at once. One bad photo stops no other."""
    file = await anyio.to_thread.run_sync(tempfile.TemporaryFile)
    with file:
        form = await save_form(request, "set", file)
        if form.file_name is None:
            raise InvalidRequest(
                "The form holds no file.",
                fix="Send the zip as the form field `set`, e.g. curl -F set=@judged.zip.",
                errors=[{"field": "set", "message": "is missing"}],
            )
        await anyio.to_thread.run_sync(file.seek, 0)
        await begin()
        done = await import_set(file, judged, decoder.decode, max_photo_bytes=limits.max_photo_bytes)
    return ImportedModel(taken=done.taken, refused=[RefusedPhoto(**asdict(one)) for one in done.refused])


@router.get(
    "/{judged_id}",
    operation_id="getJudgedPhoto",
    summary="Read one judged photo",
    responses={
        **example("judged", "An armchair", examples.JUDGED),
        **problems(InvalidRequest, JudgedPhotoNotFound, InsightsUnavailable),
    },
)
async def get_judged(judged_id: JudgedId, judged: JudgedDep) -> JudgedModel:
    """What is true of it, and every judgment."""
    return judged_model(await judged.get(judged_id))


@router.get(
    "/{judged_id}/photo",
    operation_id="getJudgedJpeg",
    summary="The picture of a judged photo",
    response_class=Response,
    responses={**_JPEG, **problems(InvalidRequest, JudgedPhotoNotFound, InsightsUnavailable)},
)
async def get_judged_jpeg(judged_id: JudgedId, judged: JudgedDep) -> Response:
    """Its clean JPEG, as searches see it; it never changes under its id."""
    return Response(
        await judged.jpeg(judged_id), media_type="image/jpeg", headers={"cache-control": "private, max-age=86400"}
    )


@router.patch(
    "/{judged_id}",
    operation_id="changeJudgedPhoto",
    summary="Change what is true of a judged photo",
    responses={
        **example("judged", "The photo as it is kept", examples.JUDGED),
        **body_problems(InvalidJson, InvalidRequest, UnsupportedMediaType, JudgedPhotoNotFound, InsightsUnavailable),
    },
)
async def change_judged(
    judged_id: JudgedId,
    change: Annotated[JudgedChange, Body(openapi_examples={"marked": {"value": examples.CHANGE}})],
    judged: JudgedDep,
    begin: BeginDep,
) -> JudgedModel:
    """Members given replace those kept; in `judgments`, null takes one away and the others stay."""
    kept = await judged.get(judged_id)
    await begin()
    return judged_model(await judged.judge(judged_id, _changed(kept.told, change), change.judgments))


@router.delete(
    "/{judged_id}",
    operation_id="deleteJudgedPhoto",
    summary="Forget a judged photo",
    status_code=204,
    responses=problems(InvalidRequest, JudgedPhotoNotFound, InsightsUnavailable),
)
async def delete_judged(judged_id: JudgedId, judged: JudgedDep, begin: BeginDep) -> None:
    """The photo and its judgments are gone; evaluations that were done with it stay."""
    await begin()
    await judged.delete(judged_id)


def judged_model(one: Judged) -> JudgedModel:
    """A judged photo on the wire."""
    told: Mapping[str, Any] = asdict(one.told) | {
        "box": list(one.told.box) if one.told.box else None,
        "conditions": list(one.told.conditions),
    }
    return JudgedModel(id=one.id, judgments=dict(one.judgments), photo=f"/judged-photos/{one.id}/photo", **told)


def _change(text: str) -> JudgedChange:
    try:
        return JudgedChange.model_validate(json.loads(text))
    except ValidationError as wrong:
        listed = [
            {"field": ".".join(("judged", *map(str, entry["loc"]))), "message": entry["msg"]}
            for entry in wrong.errors()[:20]
        ]
        raise InvalidRequest(
            "`judged` has members that cannot be used.", fix="Correct what `extra.errors` names.", errors=listed
        ) from None
    except (ValueError, RecursionError):
        raise InvalidJson("`judged` is not JSON.", fix='Write e.g. {"judgments": {"lund-chair-teal": 3}}.') from None


def _changed(told: Told, change: JudgedChange) -> Told:
    given = {
        name: value
        for name in change.model_fields_set
        if name != "judgments" and (value := getattr(change, name)) is not None
    }
    if "product" in change.model_fields_set:
        given["product"] = change.product
    return replace(told, **given)
