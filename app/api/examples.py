"""Examples of the OpenAPI document; tests/edge/test_openapi.py validates each against its schema."""

from typing import Any, Final

FILTERS: Final = '{"category": ["Furniture"], "price_max": "200", "availability": ["in_stock"]}'

CARD: Final[dict[str, Any]] = {
    "id": "lund-armchair-teal",
    "title": "Lund velvet armchair, teal",
    "brand": "Nordhem",
    "type": "armchair",
    "category": ["Furniture", "Chairs"],
    "price": {"amount": "129.00", "currency": "USD"},
    "sale_price": None,
    "availability": "in_stock",
    "link": "https://shop.example/p/lund-teal",
    "image": "/media/lund-teal-1.jpg",
}

DETAIL: Final[dict[str, Any]] = {
    **CARD,
    "description": "A soft armchair on oak legs.",
    "google_category": "Furniture > Chairs > Arm Chairs",
    "gtin": "4006381333931",
    "color": "teal",
    "material": "velvet",
    "pattern": "",
    "size": "",
    "item_group_id": "lund-armchair",
    "custom_labels": ["autumn"],
    "images": ["lund-teal-1.jpg", "lund-teal-2.jpg"],
    "attributes": [{"name": "material", "value": "velvet", "confidence": 1.0, "source": "feed"}],
    "labels": [],
    "colors": [{"name": "teal", "hex": "#1d7f86", "share": 0.62}],
}

WRITE: Final[dict[str, Any]] = {
    "title": "Lund velvet armchair, teal",
    "brand": "Nordhem",
    "type": "armchair",
    "category": ["Furniture", "Chairs"],
    "price": {"amount": "129.00", "currency": "USD"},
    "color": "teal",
    "material": "velvet",
    "images": ["https://shop.example/images/lund-teal-1.jpg"],
}

CHANGE: Final[dict[str, Any]] = {"product": DETAIL, "created": False, "warnings": []}

CREATED: Final[dict[str, Any]] = {**CHANGE, "created": True}

PATCH: Final[dict[str, Any]] = {
    "sale_price": {"amount": "99.00", "currency": "USD"},
    "availability": "backorder",
    "size": None,
}

_ANALYSIS: Final[dict[str, Any]] = {
    "type": {"name": "armchair", "confidence": 0.93, "source": "local"},
    "type_alternatives": [{"name": "armchair", "confidence": 0.93, "source": "local"}],
    "attributes": [{"name": "material", "value": "velvet", "confidence": 0.71, "source": "local"}],
    "labels": [{"name": "chair", "confidence": 0.98, "source": "local"}],
    "colors": [{"name": "teal", "hex": "#1d7f86", "share": 0.62}],
    "objects": [{"type": "armchair", "confidence": 0.9, "box": {"x": 0.1, "y": 0.2, "width": 0.6, "height": 0.7}}],
    "region": {"x": 0.1, "y": 0.2, "width": 0.6, "height": 0.7},
    "novelty": 0.04,
}

PHOTO_ANSWER: Final[dict[str, Any]] = {
    "search_id": "kX0l5xw1mXq3b7aZ",
    "photo_id": "b2Zmc2V0LXRoaXMtaXMtYW4taWQ",
    "analysis": _ANALYSIS,
    "items": [
        {
            "product": CARD,
            "score": 0.87,
            "match": "close",
            "reasons": [
                {"code": "same_type", "value": "armchair", "weight": 0.41},
                {"code": "color", "value": "teal", "weight": 0.24},
                {"code": "shape", "value": "0.81", "weight": 0.22},
            ],
            "variants": [{"id": "lund-chair-olive", "score": 0.61}],
        }
    ],
    "total": 37,
    "facets": {"brand": [{"value": "Nordhem", "count": 9}, {"value": "Fjell", "count": 4}]},
    "next_cursor": "eyJnIjoiMDFLIn0",
    "degraded": [],
    "understood": None,
    "generation": {"id": "01KAJ3B5Q1", "published_at": "2026-11-21T02:30:00Z"},
    "timings_ms": {"decode": 31.0, "analyze": 22.4, "retrieve": 8.1, "rank": 2.0},
}

WORDS_ANSWER: Final[dict[str, Any]] = {
    **PHOTO_ANSWER,
    "photo_id": None,
    "analysis": None,
    "items": [
        {
            "product": CARD,
            "score": 0.64,
            "match": "close",
            "reasons": [{"code": "text", "value": "teal velvet armchair", "weight": 0.64}],
            "variants": [],
        }
    ],
    "total": 2,
    "next_cursor": None,
    "understood": {
        "wanted": [
            {"kind": "color", "name": "teal"},
            {"kind": "material", "name": "velvet"},
            {"kind": "type", "name": "armchair"},
        ],
        "unwanted": [],
        "price_min": None,
        "price_max": "200",
        "corrected": [{"typed": "armchiar", "read": "armchair"}],
    },
    "timings_ms": {"retrieve": 3.2, "rank": 0.2},
}

LISTED: Final[dict[str, Any]] = {
    "items": [CARD],
    "total": 812,
    "facets": {"label": [{"value": "chair", "count": 640}, {"value": "furniture", "count": 172}]},
    "next_cursor": "bHVuZC1hcm1jaGFpci10ZWFs",
    "generation": {"id": "01KAJ3B5Q1", "published_at": "2026-11-21T02:30:00Z"},
}

SIMILAR_ANSWER: Final[dict[str, Any]] = {
    **PHOTO_ANSWER,
    "photo_id": None,
    "analysis": None,
    "next_cursor": None,
    "timings_ms": {"retrieve": 8.1, "rank": 2.0},
}

SEARCH_FORM: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "additionalProperties": False,
                "oneOf": [{"required": ["photo"]}, {"required": ["photo_id"]}, {"required": ["photo_url"]}],
                "properties": {
                    "photo": {
                        "type": "string",
                        "contentMediaType": "application/octet-stream",
                        "description": "The picture file: JPEG, PNG, WebP, HEIC or AVIF.",
                    },
                    "photo_id": {"type": "string", "description": "`photo_id` of an earlier answer, not with `photo`."},
                    "photo_url": {
                        "type": "string",
                        "format": "uri",
                        "description": "Address of a picture on the public web, https, where the shop allows it.",
                    },
                    "crop": {
                        "type": "string",
                        "description": "x,y,width,height of the thing in fractions (0..1) of the upright photo.",
                    },
                    "text": {"type": "string", "maxLength": 500, "description": "Words that refine the search."},
                    "filters": {
                        "type": "string",
                        "contentMediaType": "application/json",
                        "description": "JSON object; all must hold, the values of one name are alternatives. Names: "
                        "category (a whole subtree: `Furniture > Chairs`), brand, type, color, material, pattern, "
                        "availability, label, label_confidence (0..1, 0.5 when left out), price_min, price_max, "
                        "attributes (an object: name to values).",
                    },
                    "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 24},
                    "cursor": {"type": "string", "description": "`next_cursor` of the page before."},
                    "sort": {
                        "enum": ["match", "price_asc", "price_desc"],
                        "default": "match",
                        "description": "Order of the result set; products without a price come last.",
                    },
                    "variants": {
                        "enum": ["together", "apart"],
                        "default": "together",
                        "description": "One card for the variants of one thing, or every variant by itself.",
                    },
                },
            },
            "examples": {
                "photo": {
                    "summary": "A photo, cut to the chair, in stock and under 200",
                    "value": {"photo": "(bytes of chair.jpg)", "crop": "0.1,0.2,0.6,0.7", "filters": FILTERS},
                },
                "refine": {
                    "summary": "The same photo again, only one brand",
                    "value": {"photo_id": "b2Zmc2V0LXRoaXMtaXMtYW4taWQ", "filters": '{"brand": ["Nordhem"]}'},
                },
            },
        }
    },
}
