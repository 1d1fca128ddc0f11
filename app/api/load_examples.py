"""Examples of loads and generations for the OpenAPI document; tests/edge/test_openapi.py validates each."""

from typing import Any, Final

_COUNTS: Final[dict[str, Any]] = {
    "rows": {
        "total": 431, "analyzed": 12, "reused": 3, "unchanged": 412, "resumed": 0, "refused": 2, "warned": 1,
        "departed": 2,
    },
    "pictures": {"analyzed": 24, "reused": 6, "failed": 3, "kept": 1},
}  # fmt: skip

RUNNING: Final[dict[str, Any]] = {
    "id": "20261121-030303-5f0c7d0c",
    "state": "running",
    "name": "shop.tsv",
    "url": None,
    "dry_run": False,
    "delta": False,
    "created_at": "2026-11-21T03:03:03Z",
    "ended_at": None,
    "holder": "shop-1:4711:123456 catalog-loader load shop.tsv",
    "progress": {"stage": "Looking at pictures", "done": 320, "total": 431, "pictures": 11},
    "summary": None,
    "problem": None,
    "rejects": None,
}

DONE: Final[dict[str, Any]] = {
    **RUNNING,
    "state": "published",
    "ended_at": "2026-11-21T03:04:10Z",
    "progress": {"stage": "Publishing", "done": 0, "total": None, "pictures": 0},
    "summary": {
        "message": "Published generation 20261121-030304-9: 427 products.",
        "generation": "20261121-030304-9",
        "products": 427,
        "gone": 2,
        "seconds": 66.1,
        **_COUNTS,
        "problems": {"bad-price": 2},
        "samples": [
            {
                "code": "bad-price",
                "field": "price",
                "cause": '"much" is not a price.',
                "fix": 'Write the amount with a point and the currency\'s three letters: "129.00 USD".',
                "line": 17,
                "product_id": "lund-armchair-teal",
                "severity": "error",
            }
        ],
    },
    "rejects": "/loads/20261121-030303-5f0c7d0c/rejects",
}

CANCELLING: Final[dict[str, Any]] = {**RUNNING, "state": "cancelling"}

LOADS: Final[dict[str, Any]] = {"loads": [DONE]}

BY_ADDRESS: Final[dict[str, Any]] = {"url": "https://shop.example/feed.tsv.gz", "type_from": "custom_label_0"}

REJECTS: Final = "id\ttitle\tprice\nlund-armchair-teal\tLund armchair\tmuch\n"

PUBLISHED: Final[dict[str, Any]] = {
    "id": "20261121-030304-9",
    "state": "published",
    "created_at": "2026-11-21T03:03:04Z",
    "published_at": "2026-11-21T03:04:10Z",
    "embedder": "akin-local/2",
    "products": 427,
    "images": 854,
    "source": "sha256:9f86d081… type-from=product_type shop.tsv",
    "holder": "shop-1:4711:123456 catalog-loader load shop.tsv",
}

GENERATIONS: Final[dict[str, Any]] = {
    "generations": [
        PUBLISHED,
        {**PUBLISHED, "id": "20261120-030304-8", "state": "retired", "published_at": "2026-11-20T03:04:09Z"},
    ]
}

PRUNED: Final[dict[str, Any]] = {"deleted": ["20261118-030304-6"]}
