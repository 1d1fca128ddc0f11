"""Every operation of the OpenAPI document as a request that can be sent: generated, so that none can be forgotten."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from app.main import create_app
from app.settings import load_settings
from tests.builders import a_photo_file


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, and what its document says of it."""

    id: str
    method: str
    path: str
    document: Mapping[str, Any] = field(repr=False)

    @property
    def scope(self) -> str | None:
        """The scope the document says it needs."""
        named = self.document["security"]
        return named[0]["key"][0] if named else None

    def request(self, client: httpx.AsyncClient, names: Mapping[str, str], **more: Any) -> httpx.Request:
        """The request, with these values for the path's parts, and for others a word that names nothing.

        A form's `photo` is a photo, its `feed` a feed; JSON bodies are the document's own examples.
        """
        path = re.sub(r"\{(\w+)\}", lambda part: names.get(part[1], "no-such-thing"), self.path)
        return client.build_request(self.method, path, **{**self._body(), **more})

    def _body(self) -> dict[str, Any]:
        content = self.document.get("requestBody", {}).get("content", {})
        if "multipart/form-data" in content:
            known = content["multipart/form-data"]["schema"].get("properties", {})
            photo, feed = ("x.jpg", a_photo_file("ring", "red", seed=3)), ("x.tsv", b"id\ttitle\n1\tone\n")
            return {"files": {"feed": feed} if "feed" in known else {"photo": photo}}
        for media_type, described in content.items():
            example = next(iter(described["examples"].values()))["value"]
            return {"json": example, "headers": {"content-type": media_type}}
        return {}


def operations() -> list[Operation]:
    """All of them."""
    paths = create_app(load_settings()).openapi()["paths"]
    return [
        Operation(described["operationId"], method.upper(), path, described)
        for path, methods in paths.items()
        for method, described in methods.items()
    ]
