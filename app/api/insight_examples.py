"""Examples of the calls of insights; tests/edge/test_openapi.py validates each against its schema."""

from typing import Any, Final

from app.api.examples import CARD, PHOTO_ANSWER

FINDABILITY: Final[dict[str, Any]] = {
    "state": "ready",
    "done": 431,
    "products": 431,
    "generation": "20261121-030304-9",
    "made_at": "2026-11-21T03:03:03Z",
    "items": [
        {
            "product": CARD,
            "harm": 1.4,
            "hindrances": [
                {"cause": "blurred", "detail": "No picture of it is sharp.", "fix": "Give a sharp picture."},
                {
                    "cause": "color",
                    "detail": "The feed says teal; the eyes see blush, white in the pictures, and may err.",
                    "fix": "Look at them: correct the feed or show this variant; where the eyes err, leave it.",
                },
            ],
        }
    ],
    "total": 31,
    "causes": {"blurred": 1, "color": 14, "writing": 16},
    "unknown_pictures": 0,
    "answers": 5120,
    "next_offset": 24,
}

TWINS: Final[dict[str, Any]] = {
    "state": "ready",
    "pairs": [{"one": CARD, "other": {**CARD, "id": "lund-armchair-2"}, "likeness": 0.994, "same": None}],
    "total": 1,
    "complete": True,
}

VERDICT: Final[dict[str, Any]] = {"one": "lund-armchair-teal", "other": "lund-armchair-2", "same": False}

SEEN: Final[dict[str, Any]] = {
    "pictures": [
        {
            "image": "/media/lund-teal-1.jpg",
            "width": 1200,
            "height": 1200,
            "blur": 0.31,
            "writing": 0.0,
            "seen_at": "2026-11-21T03:03:03Z",
            "analysis": PHOTO_ANSWER["analysis"],
        }
    ]
}

HEALTH: Final[dict[str, Any]] = {
    "parts": {"catalog": {"ok": True, "detail": "It answers.", "fix": None}},
    "queues": {"searches": {"working": 1, "waiting": 0, "slots": 2}},
    "hours": [
        {
            "at": "2026-11-21T03:00:00Z",
            "searches": 120,
            "empty": 3,
            "asked": {"photo": 100, "words": 20},
            "stages": {"analyze": {"p50": 21.0, "p95": 33.0}},
            "missing": {"vertex": 1},
            "interactions": {"click": 31},
        }
    ],
    "failures": [{"code": "photo-corrupt", "status": 422, "times": 4, "last_hour": "2026-11-21T03:00:00Z"}],
    "spending": None,
    "generation": "20261121-030304-9",
    "products": 431,
}
