"""/docs: every operation on one page that needs nothing from elsewhere."""

import re

import httpx
import pytest

pytestmark = pytest.mark.anyio


async def test_every_operation_stands_on_the_page(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    response = await client.get("/docs")
    assert response.status_code == 200
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert f"{method.upper()} {path}" in response.text
            assert f"id='{operation['operationId']}'" in response.text


async def test_the_page_loads_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    response = await client.get("/docs")
    assert "<script" not in response.text
    assert re.findall(r'(?:src|href)="([^"]+)"', response.text) == ["/openapi.json"]
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
