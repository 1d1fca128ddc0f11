"""Bulk loads over HTTP: the loader's own process does them; these calls order them and tell of them."""

import json
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import FileResponse
from starlette.requests import Request

from app.api import load_examples as examples
from app.api.load_schemas import LoadByAddress, LoadList, LoadModel, LoadWishes
from app.api.load_shapes import checked, load_model, order_from, readable_name, rejects_name
from app.api.openapi import Responses, body_problems, example, keep_nulls, problems
from app.catalog import Catalog, CatalogUnavailable, GenerationConflict, GenerationState, running_pid
from app.edge import (
    BeginDep,
    BodyTooLarge,
    CatalogDep,
    InvalidForm,
    InvalidJson,
    InvalidRequest,
    LoadsDep,
    UnsupportedMediaType,
    save_form,
)
from app.loads import Load, LoadDesk, LoadNotFound, LoadOver, LoadRunning, LoadsUnavailable, NoRejects

FEED_FIELD = "feed"
MAX_JSON_BYTES = 16 * 1024

LoadId = Annotated[
    str, Path(min_length=1, max_length=100, description="The load's id.", examples=["20261121-030303-5f0c7d0c"])
]

Reasons = Annotated[bool, Query(description="Why the rows were refused, instead of the rows.")]
READ_PROBLEMS = (InvalidRequest, LoadNotFound, LoadsUnavailable)


def _in_a_form(schema: dict[str, Any]) -> dict[str, Any]:
    """A member's schema where it is a form's text: there is no null in a form, one leaves the field out."""
    kept = {key: value for key, value in schema.items() if key not in ("title", "anyOf")}
    for kind in schema.get("anyOf", ()):
        if kind != {"type": "null"}:
            kept |= kind
    return {key: value for key, value in kept.items() if value is not None}


_FORM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": [FEED_FIELD],
    "properties": {
        FEED_FIELD: {
            "type": "string",
            "contentMediaType": "application/octet-stream",
            "description": "The feed file: TSV, CSV, RSS, Atom or JSON Lines, also gzipped; pictures by address.",
        },
        **{name: _in_a_form(schema) for name, schema in LoadWishes.model_json_schema()["properties"].items()},
    },
}
_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": _FORM_SCHEMA,
            "examples": {
                "feed": {"summary": "A feed file", "value": {"feed": "(bytes of shop.tsv)", "delta": "true"}},
                "dry-run": {"summary": "Only check it", "value": {"feed": "(bytes of shop.tsv)", "dry_run": "true"}},
            },
        },
        "application/json": {
            "schema": keep_nulls(LoadByAddress.model_json_schema()),
            "examples": {"address": {"summary": "A feed on the web", "value": keep_nulls(examples.BY_ADDRESS)}},
        },
    },
}
_REJECTS: Responses = {
    200: {
        "description": "The refused rows as they stood, in the feed's own format.",
        "content": {"application/octet-stream": {"examples": {"tsv": {"value": examples.REJECTS}}}},
    }
}

router = APIRouter(prefix="/loads", tags=["loads"])


@router.post(
    "",
    operation_id="startLoad",
    summary="Load a feed",
    status_code=202,
    response_model=LoadModel,
    openapi_extra={"requestBody": _BODY},
    responses={
        202: {"content": {"application/json": {"examples": {"begun": {"value": keep_nulls(examples.RUNNING)}}}}},
        **body_problems(
            InvalidForm,
            InvalidJson,
            InvalidRequest,
            UnsupportedMediaType,
            LoadRunning,
            GenerationConflict,
            CatalogUnavailable,
            LoadsUnavailable,
        ),
    },
)
async def start_load(
    request: Request, response: Response, catalog: CatalogDep, loads: LoadsDep, begin: BeginDep
) -> LoadModel:
    """Send the feed as the form field `feed`, or its address as JSON. The answer comes at once; `Location` tells more.

    The load runs in a process of its own: it fills a version nobody sees, verifies it and publishes it at once, and
    goes on when the server is restarted. One runs at a time. A feed sent here may name pictures by address only, never
    files. An interrupted load goes on where it was when the same feed is sent again under the same name.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/json":
        wishes = checked(LoadByAddress, await _json(request))
        await _refuse_while_loading(catalog, loads, dry_run=wishes.dry_run)
        await begin()
        load = await loads.start(order_from(wishes, wishes.name or wishes.url, wishes.url))
    else:
        load = await _received(request, catalog, loads, begin)
    response.headers["location"] = f"/loads/{load.id}"
    return load_model(load)


@router.get(
    "",
    operation_id="listLoads",
    summary="List the newest loads",
    responses={**example("one", "One load that is over", examples.LOADS), **problems(LoadsUnavailable)},
)
async def list_loads(loads: LoadsDep) -> LoadList:
    """The newest loads that were started over HTTP, newest first; loads of the command line are not among them."""
    return LoadList(loads=[load_model(one) for one in await loads.loads()])


@router.get(
    "/{load_id}",
    operation_id="getLoad",
    summary="How a load is going",
    responses={**example("done", "It was published; two rows were refused", examples.DONE), **problems(*READ_PROBLEMS)},
)
async def get_load(load_id: LoadId, loads: LoadsDep) -> LoadModel:
    """State, progress, and at the end the summary. Any server process knows it, also after a restart of all."""
    return load_model(await loads.load(load_id))


@router.delete(
    "/{load_id}",
    operation_id="cancelLoad",
    summary="Cancel a load",
    status_code=202,
    response_model=LoadModel,
    responses={
        202: {"content": {"application/json": {"examples": {"told": {"value": keep_nulls(examples.CANCELLING)}}}}},
        **problems(*READ_PROBLEMS, LoadOver),
    },
)
async def cancel_load(load_id: LoadId, loads: LoadsDep, begin: BeginDep) -> LoadModel:
    """It finishes what is in work and stops; called once more, it stops at once. Nothing is published.

    What it has done is kept until another feed is loaded: the same feed sent again goes on from there.
    """
    await begin()
    return load_model(await loads.cancel(load_id))


@router.get(
    "/{load_id}/rejects",
    operation_id="getRejects",
    summary="The refused rows of a load",
    response_class=FileResponse,
    responses={**_REJECTS, **problems(*READ_PROBLEMS, NoRejects)},
)
async def get_rejects(load_id: LoadId, loads: LoadsDep, reasons: Reasons = False) -> FileResponse:
    """The rows as they stood, in the feed's own format: mend them and load them alone with `delta`.

    With `reasons`, why each was refused instead: JSON Lines with the line, the field, the cause and the fix.
    """
    load = await loads.load(load_id)
    path = await loads.rejects(load_id, reasons=reasons)
    name = rejects_name(load.order.name) + (".problems.jsonl" if reasons else "")
    return FileResponse(path, media_type="application/octet-stream", filename=name)


async def _received(request: Request, catalog: Catalog, loads: LoadDesk, begin: BeginDep) -> Load:
    """Receive the feed of a form into a file and start its load."""
    with loads.receiving() as (path, file):
        try:
            form = await save_form(request, FEED_FIELD, file)
            await anyio.to_thread.run_sync(file.flush)
        except OSError as full:
            raise LoadsUnavailable(
                f"The feed cannot be kept: {full.strerror or type(full).__name__}.",
                fix="Free space where AKIN_LOADS lies.",
                retry_after_s=30.0,
            ) from full
        wishes = checked(LoadWishes, form.fields)
        if form.file_name is None:
            raise InvalidRequest(
                "The form holds no feed.",
                fix="Send the file as the form field `feed`, e.g. curl -F feed=@shop.tsv.",
                errors=[{"field": FEED_FIELD, "message": "is missing"}],
            )
        await _refuse_while_loading(catalog, loads, dry_run=wishes.dry_run)
        await begin()
        return await loads.start(order_from(wishes, wishes.name or readable_name(form.file_name)), path)


async def _refuse_while_loading(catalog: Catalog, loads: LoadDesk, *, dry_run: bool) -> None:
    """Raise a Conflict that names the holder when a load is under way, here or on the command line of this machine.

    A loader of another machine is met by the load itself, which then fails with the same words.
    """
    await loads.refuse_when_busy(dry_run=dry_run)
    if dry_run:
        return
    for generation in await catalog.generations():
        if generation.state is GenerationState.LOADING and running_pid(generation.holder) is not None:
            raise GenerationConflict(
                f"{generation.holder} is loading generation '{generation.id}'.",
                fix="Wait until it is done.",
                holder=generation.holder,
                generation=generation.id,
            )


async def _json(request: Request) -> object:
    """The JSON body. Only a feed may be as large as this call's bodies are allowed to be, and it goes to the disk."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_JSON_BYTES:
            raise BodyTooLarge(f"The JSON has more than {MAX_JSON_BYTES} bytes.", fix="Send a feed as a form.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidJson("The body is not JSON.", fix="Send one JSON object in UTF-8.") from None
