"""Evaluation: how good the search is on judged photos, and the fit of its calibration."""

from app.evaluation.evaluate import evaluate
from app.evaluation.judgments import InvalidQueries, JudgedPhoto, read_judged_photos
from app.evaluation.metrics import Measure
from app.evaluation.report import Report, to_json
from app.evaluation.run import Outcome, Shown
from app.evaluation.sheet import pictures_under, to_html
from app.evaluation.table import to_table
from app.evaluation.tune import PairCollector, fitted, gather, tune

__all__ = [
    "InvalidQueries",
    "JudgedPhoto",
    "Measure",
    "Outcome",
    "PairCollector",
    "Report",
    "Shown",
    "evaluate",
    "fitted",
    "gather",
    "pictures_under",
    "read_judged_photos",
    "to_html",
    "to_json",
    "to_table",
    "tune",
]
