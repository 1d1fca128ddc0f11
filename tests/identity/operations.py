"""Every operation of the OpenAPI document as requests that can be sent: generated, so that none can be forgotten."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from app.main import create_app
from app.settings import load_settings
from tests.builders import a_photo_file

HARMLESS = {"startLoad": {"dry_run": "true"}}
"""What keeps an operation from doing more than a test wants."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, and what its document says of it."""

    id: str
    method: str
    path: str
    document: Mapping[str, Any] = field(repr=False)
    schemas: Mapping[str, Any] = field(repr=False)

    @property
    def scope(self) -> str | None:
        """The scope the document says it needs."""
        named = self.document["security"]
        return named[0]["key"][0] if named else None

    @property
    def parts(self) -> set[str]:
        """The parts of its path that are values."""
        return set(re.findall(r"\{(\w+)\}", self.path))

    def request(
        self,
        client: httpx.AsyncClient,
        names: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        with_: str = "",
    ) -> httpx.Request:
        """The request, with these values for the path's parts, and for others a word that names nothing.

        A form's `photo` is a photo, its other files are feeds; JSON bodies are the document's own examples. with_: a
        parameter or field that gets its value from `names` too.
        """
        path = re.sub(r"\{(\w+)\}", lambda part: names.get(part[1], "no-such-thing"), self.path)
        query = {one["name"]: names[with_] for one in self._queries() if one["name"] == with_}
        given = self._body(names, with_)
        return client.build_request(
            self.method, path, params=query or None, headers={**given.pop("headers", {}), **(headers or {})}, **given
        )

    def takes(self, names: Mapping[str, str]) -> Iterator[str]:
        """Those names that are a query parameter or a field of its form."""
        taken = {one["name"] for one in self._queries()} | set(self._form())
        return (name for name in names if name in taken)

    def _queries(self) -> list[Mapping[str, Any]]:
        return [one for one in self.document.get("parameters", []) if one["in"] == "query"]

    def _form(self) -> Mapping[str, Any]:
        content = self.document.get("requestBody", {}).get("content", {}).get("multipart/form-data")
        return {} if content is None else self._schema(content["schema"])["properties"]

    def _schema(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema

    def _body(self, names: Mapping[str, str], with_: str) -> dict[str, Any]:
        form = self._form()
        if form:
            files = {"photo": ("x.jpg", a_photo_file("ring", "red", seed=3)), "feed": ("x.tsv", b"id\ttitle\n1\tone\n")}
            sent = {
                name: files[name] for name in form if name in files and not (name == "photo" and with_ == "photo_id")
            }
            data = {**HARMLESS.get(self.id, {}), **({with_: names[with_]} if with_ in form else {})}
            return {"files": {**{name: (None, value) for name, value in data.items()}, **sent}}
        for media_type, described in self.document.get("requestBody", {}).get("content", {}).items():
            example = next(iter(described["examples"].values()))["value"]
            return {"json": example, "headers": {"content-type": media_type}}
        return {}


def operations() -> list[Operation]:
    """All of them."""
    document = create_app(load_settings()).openapi()
    return [
        Operation(described["operationId"], method.upper(), path, described, document["components"]["schemas"])
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]
