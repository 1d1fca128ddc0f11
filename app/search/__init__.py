"""Search: the one use case. From a photo, words or a product to ranked products with reasons."""

from app.search.calibration import Calibration, Feature, Move, Stage, Weights, read_calibration, shipped_calibration
from app.search.errors import CursorExpired, DeadlineExceeded, EmptyQuery, InvalidCursor, InvalidLimit
from app.search.model import EVIDENCE_BYTES, Evidence, Match, RankedProduct, Reason, ReasonCode, SearchResult, Wishes
from app.search.query import same_color
from app.search.rank import FEATURES, Closeness, Question, Scored, features_of, probability
from app.search.service import Findings, VisualSearch

__all__ = [
    "EVIDENCE_BYTES",
    "FEATURES",
    "Calibration",
    "Closeness",
    "CursorExpired",
    "DeadlineExceeded",
    "EmptyQuery",
    "Evidence",
    "Feature",
    "Findings",
    "InvalidCursor",
    "InvalidLimit",
    "Match",
    "Move",
    "Question",
    "RankedProduct",
    "Reason",
    "ReasonCode",
    "Scored",
    "SearchResult",
    "Stage",
    "VisualSearch",
    "Weights",
    "Wishes",
    "features_of",
    "probability",
    "read_calibration",
    "same_color",
    "shipped_calibration",
]
