"""The one helper that asserts the shape of every error."""

from typing import Any

import httpx

from app.edge.errors import STATUS
from app.edge.headers import SECURITY_HEADERS


def assert_problem(response: httpx.Response, code: str) -> dict[str, Any]:
    """The response is the RFC 9457 problem of this code, with the members and headers all problems have."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    problem: dict[str, Any] = response.json()
    assert problem["code"] == code, problem
    assert set(problem) == {"type", "title", "status", "detail", "code", "fix", "request_id", "extra"}
    assert problem["status"] == response.status_code == STATUS[code]
    assert problem["type"] == f"urn:akin:problem:{code}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == response.headers["x-request-id"]
    assert all(name in response.headers for name in SECURITY_HEADERS)
    assert "Traceback" not in response.text
    if response.status_code == 503:
        assert int(response.headers["retry-after"]) >= 1
    elif response.status_code < 500:
        assert problem["fix"], "an error that the caller can mend says how"
    return problem
