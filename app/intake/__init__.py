"""Intake: from raw product data and pictures to catalog products."""

from app.intake.columns import READ as READ_COLUMNS
from app.intake.columns import canonical
from app.intake.evidence import SeenImage, seen_image, with_seen
from app.intake.fields import shown
from app.intake.images import FeedImages, ImageSource, ImageUnavailable, WebFetcher
from app.intake.prepare import INCOMPLETE, Album, Decoder, Intake, Memory, Prepared, Recalled, decoded
from app.intake.problem import Problem, Severity
from app.intake.rows import NotARow, RawRow, parsed_json, row_from_json
from app.intake.teaching import ARTIFACT, EXAMPLES, Fit, said_of, teach
from app.intake.validate import Checked, TypeFrom, content_hash, product_from_json, unread_columns, validate

__all__ = [
    "ARTIFACT",
    "EXAMPLES",
    "INCOMPLETE",
    "READ_COLUMNS",
    "Album",
    "Checked",
    "Decoder",
    "FeedImages",
    "Fit",
    "ImageSource",
    "ImageUnavailable",
    "Intake",
    "Memory",
    "NotARow",
    "Prepared",
    "Problem",
    "RawRow",
    "Recalled",
    "SeenImage",
    "Severity",
    "TypeFrom",
    "WebFetcher",
    "canonical",
    "content_hash",
    "decoded",
    "parsed_json",
    "product_from_json",
    "row_from_json",
    "said_of",
    "seen_image",
    "shown",
    "teach",
    "unread_columns",
    "validate",
    "with_seen",
]
