"""/docs: the OpenAPI document as one plain page, without scripts and without anything from elsewhere."""

from html import escape
from json import dumps
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}"
    "h2{margin-top:2.5rem;font-size:1.1rem}code{background:#eef1f4;padding:.1em .3em;border-radius:3px}"
    "pre{background:#f6f8fa;padding:1rem;overflow:auto;font-size:.85rem}"
    "td{padding:.2rem 1rem .2rem 0;vertical-align:top}summary{cursor:pointer}"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

router = APIRouter()


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> HTMLResponse:
    """The page; the same document as /openapi.json."""
    return HTMLResponse(page(request.app.openapi()), headers={"content-security-policy": _POLICY})


def page(document: dict[str, Any]) -> str:
    """The whole page for an OpenAPI document."""
    info = document["info"]
    sections = [
        _operation(method, path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(info['title'])} {escape(info['version'])}: HTTP interface</title><style>{_STYLE}</style>"
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>{_paragraphs(info['description'])}"
        f'<p><a href="/openapi.json">openapi.json</a> is this page for programs.</p>{"".join(sections)}</html>'
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    return (
        f"<h2 id='{escape(operation['operationId'])}'><code>{method.upper()} {escape(path)}</code> "
        f"{escape(operation['summary'])}</h2>{_paragraphs(operation['description'])}"
        f"{_parameters(operation.get('parameters', []))}"
        f"{_examples('Request', operation.get('requestBody', {}))}"
        + "".join(_response(status, response) for status, response in sorted(operation["responses"].items()))
    )


def _parameters(parameters: list[dict[str, Any]]) -> str:
    rows = "".join(f"<tr><td><code>{escape(one['name'])}</code><td>{escape(one['description'])}" for one in parameters)
    return f"<table>{rows}</table>" if rows else ""


def _response(status: str, response: dict[str, Any]) -> str:
    return _examples(f"{status} {response['description']}", response)


def _examples(title: str, body: dict[str, Any]) -> str:
    shown = "".join(
        f"<pre>{escape(dumps(example['value'], indent=1, ensure_ascii=False))}</pre>"
        for content in body.get("content", {}).values()
        for example in content.get("examples", {}).values()
    )
    return f"<details><summary>{escape(title)}</summary>{shown}</details>" if shown else ""


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n"))
