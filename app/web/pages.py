"""One route per built file: what was not built cannot be asked for, so no path leads out of the folder."""

from collections.abc import Awaitable, Callable, Sequence
from importlib import resources

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from app.web.built import BuiltFile, built_files
from app.web.headers import headers_of

PAGES = ("/", "/console")

Endpoint = Callable[[Request], Awaitable[Response]]


def install_pages(app: FastAPI, files: Sequence[BuiltFile] | None = None) -> None:
    """Serve the built files, or say at the pages' addresses what is missing. files: None takes those that are built."""
    found = built_files() if files is None else files
    if not found:
        app.router.routes.extend(Route(path, _not_built) for path in PAGES)
        return
    for file in found:
        app.router.routes.append(Route(file.path, _serving(file)))
        if file.is_page and file.path != "/":
            app.router.routes.append(Route(f"{file.path}/", _moved(file.path)))


def _serving(file: BuiltFile) -> Endpoint:
    async def serve(request: Request) -> Response:
        coding, data = file.best(request.headers.get("accept-encoding", ""))
        etag = f'"{file.etag}-{coding}"' if coding else f'"{file.etag}"'
        headers = headers_of(file) | {"etag": etag, "vary": "accept-encoding"}
        if coding:
            headers["content-encoding"] = coding
        if etag in _tags(request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers={k: v for k, v in headers.items() if k != "content-encoding"})
        return Response(data, headers=headers, media_type=file.media_type)

    return serve


def _moved(path: str) -> Endpoint:
    async def redirect(_: Request) -> Response:
        return RedirectResponse(path, status_code=308)

    return redirect


async def _not_built(_: Request) -> Response:
    page = resources.files("app.web").joinpath("not_built.html").read_text(encoding="utf-8")
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    return HTMLResponse(page, status_code=404, headers={"content-security-policy": policy, "cache-control": "no-store"})


def _tags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}
