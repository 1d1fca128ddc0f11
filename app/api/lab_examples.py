"""Examples of the search lab's calls; tests/edge/test_openapi.py validates each against its schema."""

from typing import Any, Final

from app.api.examples import CARD, PHOTO_ANSWER, SEARCH_FORM

_CURRENT: Final = "5f0c7d0c6f5e4a0f9a3a1b2c3d4e5f605f0c7d0c6f5e4a0f9a3a1b2c3d4e5f60"

WEIGHTS: Final[dict[str, Any]] = {
    "embedder": "akin-local/2",
    "fitted_at": "2026-11-20",
    "data": "demo shop; 300 photos of split 'fit'",
    "cuts": {"exact": 0.9, "close": 0.5, "loose": 0.05},
    "stages": {
        "fine": {"bias": -7.1, "weights": {"shape": 1.9, "hue": 1.5}},
        "coarse": {"bias": -7.0, "weights": {"look": 5.0}},
        "words": {"bias": -3.0, "weights": {"text": 4.0}},
    },
}

_SCORING: Final[dict[str, Any]] = {
    "place": 1,
    "score": 0.8807970779778823,
    "match": "close",
    "stage": "fine",
    "constant": -1.0,
    "logit": 2.0,
    "parts": [
        {"feature": "shape", "value": 0.9, "weight": 2.0, "adds": 1.8},
        {"feature": "hue", "value": 0.8, "weight": 1.5, "adds": 1.2},
    ],
}

LAB_ANSWER: Final[dict[str, Any]] = {
    "photo_id": PHOTO_ANSWER["photo_id"],
    "analysis": PHOTO_ANSWER["analysis"],
    "candidates": [
        {
            "product": CARD,
            "signals": {"look": 0.81, "type": 0.93, "colors": 0.4},
            "now": _SCORING,
            "trial": None,
            "reasons": [{"code": "shape", "value": "0.90", "weight": 0.8807970779778823}],
        }
    ],
    "found": 412,
    "total": 37,
    "trial_total": None,
    "degraded": [],
    "generation": PHOTO_ANSWER["generation"],
    "timings_ms": {"analyze": 22.0, "retrieve": 8.1, "rank": 2.0},
}


def _lab_form() -> dict[str, Any]:
    """The form of a search by photo, with weights instead of a cursor."""
    content = SEARCH_FORM["content"]["multipart/form-data"]
    known = content["schema"]["properties"]
    properties = {name: one for name, one in known.items() if name not in ("cursor", "photo_url", "sort")}
    properties["limit"] = {"type": "integer", "minimum": 1, "maximum": 300, "default": 60}
    properties["weights"] = {
        "type": "string",
        "contentMediaType": "application/json",
        "description": "Trial weights: a JSON object of stages with `bias` and `weights`, and `cuts`; what is not named"
        " stays as `GET /lab/weights` shows it.",
    }
    shown = {
        "photo": {"summary": "A photo", "value": {"photo": "(bytes of chair.jpg)"}},
        "trial": {
            "summary": "The same photo, color counting more",
            "value": {"photo_id": "b2Zmc2V0LXRoaXMtaXMtYW4taWQ", "weights": '{"fine": {"weights": {"hue": 3}}}'},
        },
    }
    one_photo = [{"required": ["photo"]}, {"required": ["photo_id"]}]
    schema = {**content["schema"], "oneOf": one_photo, "properties": properties}
    return {"required": True, "content": {"multipart/form-data": {"schema": schema, "examples": shown}}}


LAB_FORM: Final[dict[str, Any]] = _lab_form()

JUDGED: Final[dict[str, Any]] = {
    "id": _CURRENT,
    "name": "chair.jpg",
    "product": "lund-armchair-teal",
    "group": "lund-armchair",
    "type": "armchair",
    "color": "teal",
    "box": None,
    "sold": True,
    "split": "test",
    "conditions": [],
    "judgments": {"lund-armchair-teal": 3.0, "fjell-armchair": 2.0},
    "photo": f"/judged-photos/{_CURRENT}/photo",
}

JUDGED_LIST: Final[dict[str, Any]] = {"photos": [JUDGED]}

JUDGED_FORM: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "additionalProperties": False,
                "oneOf": [{"required": ["photo"]}, {"required": ["photo_id"]}],
                "properties": {
                    "photo": {
                        "type": "string",
                        "contentMediaType": "application/octet-stream",
                        "description": "The picture file.",
                    },
                    "photo_id": {"type": "string", "description": "`photo_id` of an earlier answer, not with `photo`."},
                    "judged": {
                        "type": "string",
                        "contentMediaType": "application/json",
                        "description": "What is true of it: a JSON object as for `PATCH /judged-photos/{judged_id}`.",
                    },
                },
            },
            "examples": {
                "marked": {
                    "summary": "Two products marked",
                    "value": {
                        "photo_id": "b2Zmc2V0LXRoaXMtaXMtYW4taWQ",
                        "judged": '{"name": "chair.jpg", "judgments": {"lund-armchair-teal": 3, "fjell-armchair": 0}}',
                    },
                }
            },
        }
    },
}

CHANGE: Final[dict[str, Any]] = {"judgments": {"lund-armchair-teal": 3, "fjell-armchair": None}, "split": "fit"}

IMPORTED: Final[dict[str, Any]] = {
    "taken": 41,
    "refused": [
        {"line": 12, "photo": "photos/a.jpg", "code": "photo-corrupt", "detail": "The file contradicts itself.",
         "fix": "Send another one."}
    ],
}  # fmt: skip

IMPORT_FORM: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "additionalProperties": False,
                "required": ["set"],
                "properties": {
                    "set": {
                        "type": "string",
                        "contentMediaType": "application/zip",
                        "description": "A zip of one `queries.jsonl` and the photos it names; docs/evaluation.md.",
                    }
                },
            },
            "examples": {"zip": {"summary": "A judged set", "value": {"set": "(bytes of judged.zip)"}}},
        }
    },
}

_MEASURE: Final[dict[str, Any]] = {"value": 0.83, "low": 0.7, "high": 0.93, "count": 30}

EVALUATION: Final[dict[str, Any]] = {
    "id": "20261121-030303-5f0c",
    "begun_at": "2026-11-21T03:03:03Z",
    "state": "done",
    "name": "more weight on color",
    "weights": {"fine": {"weights": {"hue": 3}}},
    "generation": "20261121-030304-9",
    "split": None,
    "done": 30,
    "whole": 30,
    "about": {"generation": "20261121-030304-9", "calibration": "on trial"},
    "errors": 0,
    "measures": {"hit@1": _MEASURE},
    "timings_ms": {"analyze": {"p50": 22.0, "p95": 31.0}},
    "photos": {},
    "problem": None,
}

EVALUATIONS: Final[dict[str, Any]] = {"evaluations": [EVALUATION]}

ORDER: Final[dict[str, Any]] = {"name": "more weight on color", "weights": {"fine": {"weights": {"hue": 3}}}}

VERSION: Final[dict[str, Any]] = {"name": "autumn", "generation": "20261121-030304-9", "split": "test"}

RUNNING: Final[dict[str, Any]] = {
    **EVALUATION, "state": "running", "done": 0, "about": {}, "measures": {}, "timings_ms": {},
}  # fmt: skip

COMPARISON: Final[dict[str, Any]] = {
    "photos": 30,
    "changes": {
        "hit@1": {
            "earlier": _MEASURE,
            "later": {"value": 0.87, "low": 0.73, "high": 0.97, "count": 30},
            "difference": {"value": 0.04, "low": -0.03, "high": 0.1, "count": 30},
        }
    },
    "better": [{"photo": _CURRENT, "name": "chair.jpg", "figure": "ndcg@10", "earlier": 0.4, "later": 1.0}],
    "worse": [],
}
