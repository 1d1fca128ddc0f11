"""Search: the one use case. From a photo, words or a product to ranked products with reasons."""

from app.search.calibration import (
    NEUTRAL,
    Calibration,
    Feature,
    Move,
    Stage,
    Weights,
    read_calibration,
    shipped_calibration,
)
from app.search.closer import look_closer
from app.search.dissect import Dissected, Part, dissected, tried
from app.search.errors import CursorExpired, DeadlineExceeded, EmptyQuery, InvalidCursor, InvalidLimit
from app.search.finding import Findings, Stopwatch
from app.search.lexicon import Kind, Term
from app.search.model import (
    EVIDENCE_BYTES,
    Evidence,
    Match,
    RankedProduct,
    Reason,
    ReasonCode,
    SearchResult,
    Sort,
    Variant,
    Wishes,
)
from app.search.query import color_fits, same_color
from app.search.rank import FEATURES, Closeness, Question, Scored, features_of, probability, rank
from app.search.rulebook import Rulebook
from app.search.rules import Action, BadRules, Rule, Rules, read_rules
from app.search.service import VisualSearch, deadline
from app.search.wording import Reading

__all__ = [
    "EVIDENCE_BYTES",
    "FEATURES",
    "NEUTRAL",
    "Action",
    "BadRules",
    "Calibration",
    "Closeness",
    "CursorExpired",
    "DeadlineExceeded",
    "Dissected",
    "EmptyQuery",
    "Evidence",
    "Feature",
    "Findings",
    "InvalidCursor",
    "InvalidLimit",
    "Kind",
    "Match",
    "Move",
    "Part",
    "Question",
    "RankedProduct",
    "Reading",
    "Reason",
    "ReasonCode",
    "Rule",
    "Rulebook",
    "Rules",
    "Scored",
    "SearchResult",
    "Sort",
    "Stage",
    "Stopwatch",
    "Term",
    "Variant",
    "VisualSearch",
    "Weights",
    "Wishes",
    "color_fits",
    "deadline",
    "dissected",
    "features_of",
    "look_closer",
    "probability",
    "rank",
    "read_calibration",
    "read_rules",
    "same_color",
    "shipped_calibration",
    "tried",
]
