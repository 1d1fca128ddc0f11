"""The OpenAPI document: complete, true to the code, and changed only on purpose.

After an intended change: `akin openapi > docs/openapi.json`, and a line in CHANGELOG.md.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from app.api import insight_schemas, lab_schemas, load_schemas, schemas
from app.cli import json_text
from app.edge.errors import STATUS
from app.edge.health import LiveAnswer, ReadyAnswer
from app.main import create_app
from app.settings import load_settings

SNAPSHOT = Path(__file__).parents[2] / "docs" / "openapi.json"
HTTP_PAGE = Path(__file__).parents[2] / "docs" / "http.md"

DOCUMENT: dict[str, Any] = create_app(load_settings()).openapi()


def operations() -> list[Any]:
    """Every operation with its name."""
    return [
        pytest.param(operation, id=f"{method.upper()} {path}")
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
    ]


def test_the_document_is_the_one_in_the_repository() -> None:
    assert json_text(DOCUMENT) + "\n" == SNAPSHOT.read_text(encoding="utf-8"), "see the first lines of this file"


def test_it_is_openapi_31_with_stable_unique_operation_ids() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    ids = [operation.values[0]["operationId"] for operation in operations()]
    assert sorted(ids) == sorted(set(ids))
    assert set(ids) == {
        *("searchByPhoto", "searchByWords", "findSimilar", "recordInteractions"),
        *("searchInLab", "getWeights", "startEvaluation", "listEvaluations", "getEvaluation", "compareEvaluations"),
        *("listJudgedPhotos", "judgePhoto", "getJudgedPhoto", "getJudgedJpeg", "changeJudgedPhoto"),
        *("deleteJudgedPhoto", "exportJudgedPhotos", "importJudgedPhotos"),
        *("getFindability", "listDuplicates", "decideDuplicate", "getSeen", "getHealth"),
        *("listKeys", "createKey", "rotateKey", "revokeKey"),
        *("listProducts", "getProduct", "putProduct", "patchProduct", "deleteProduct"),
        *("startLoad", "listLoads", "getLoad", "cancelLoad", "getRejects"),
        *("listGenerations", "publishGeneration", "rollBack", "pruneGenerations", "abandonGeneration"),
        *("live", "ready", "metrics"),
    }


@pytest.mark.parametrize("operation", operations())
def test_every_operation_is_described_with_an_example(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert len(operation["description"]) > 20
    assert operation["tags"]
    for parameter in operation.get("parameters", []):
        assert parameter["description"], parameter["name"]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        assert content["examples"]
    for status, response in operation["responses"].items():
        if status not in {"204", "304"}:
            assert response["description"]
            assert any(content.get("examples") or content.get("example") for content in response["content"].values())


@pytest.mark.parametrize("operation", operations())
def test_errors_are_problems_whose_examples_have_the_real_status(operation: dict[str, Any]) -> None:
    for status, response in operation["responses"].items():
        if int(status) < 400 or operation["operationId"] == "ready":
            continue
        (media_type,) = response["content"]
        assert media_type == "application/problem+json"
        for code, one in response["content"][media_type]["examples"].items():
            example = schemas.Problem.model_validate(one["value"])
            assert example.code == code
            assert example.status == int(status) == STATUS[code]
    assert "500" in operation["responses"] or operation["operationId"] in {"live", "ready"}


MODELS: dict[str, type[BaseModel]] = {
    "SearchAnswer": schemas.SearchAnswer,
    "ProductDetail": schemas.ProductDetail,
    "ProductList": schemas.ProductList,
    "ProductChange": schemas.ProductChange,
    "ProductWrite": schemas.ProductWrite,
    **{
        name: getattr(load_schemas, name)
        for name in ("LoadModel", "LoadList", "LoadByAddress", "KeptGeneration", "GenerationList", "Pruned")
    },
    **{
        name: getattr(lab_schemas, name)
        for name in (
            *("CalibrationModel", "LabAnswer", "JudgedList", "JudgedModel", "JudgedChange", "ImportedModel"),
            *("EvaluationOrder", "EvaluationModel", "EvaluationList", "ComparisonModel"),
        )
    },
    **{
        name: getattr(insight_schemas, name)
        for name in ("FindabilityModel", "TwinList", "Verdict", "SeenPictures", "HealthModel")
    },
    "LiveAnswer": LiveAnswer,
    "ReadyAnswer": ReadyAnswer,
}


@pytest.mark.parametrize("operation", operations())
def test_examples_fit_their_schemas(operation: dict[str, Any]) -> None:
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for body in bodies:
        for media_type, content in body.get("content", {}).items():
            name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            if name in MODELS and "merge-patch" not in media_type and operation["operationId"] != "patchProduct":
                for one in content.get("examples", {}).values():
                    MODELS[name].model_validate_json(json.dumps(one["value"]))


def test_the_framework_s_own_error_shape_is_gone() -> None:
    assert "HTTPValidationError" not in json.dumps(DOCUMENT)


def test_every_path_stands_in_the_http_page() -> None:
    page = HTTP_PAGE.read_text(encoding="utf-8")
    for path, item in DOCUMENT["paths"].items():
        for method in item:
            assert f"`{method.upper()} {path}`" in page, f"{method.upper()} {path} is not in docs/http.md"
