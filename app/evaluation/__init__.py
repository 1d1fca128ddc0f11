"""Evaluation: how good the search is on judged photos, and the fit of its calibration."""

from app.evaluation.clicks import Impression, ShownItem, holds_impressions, lists_of_clicks, read_impressions, recorded
from app.evaluation.compare import Change, Comparison, Moved, compared, figures_of
from app.evaluation.desk import EvaluationDesk, Measuring
from app.evaluation.evaluate import evaluate
from app.evaluation.exchange import Imported, Refused, export_set, import_set
from app.evaluation.fit import HELD_TYPES, LED_PRIOR, PRIOR, Pairs
from app.evaluation.judgments import FIT, HELD_OUT, InvalidQueries, JudgedPhoto, read_judged_photos
from app.evaluation.lists import JudgedList, gathered
from app.evaluation.metrics import Measure, mean_measure
from app.evaluation.pairs import PairCollector, fitted, gather
from app.evaluation.refusals import TuningRefused, UnusableJudgments, usable
from app.evaluation.report import Report, failures_of, to_json
from app.evaluation.run import Outcome, Shown
from app.evaluation.tune import Tuning, Verdict, tuned
from app.evaluation.versions import NothingToUndo, keep, undo

__all__ = [
    "FIT",
    "HELD_OUT",
    "HELD_TYPES",
    "LED_PRIOR",
    "PRIOR",
    "Change",
    "Comparison",
    "EvaluationDesk",
    "Imported",
    "Impression",
    "InvalidQueries",
    "JudgedList",
    "JudgedPhoto",
    "Measure",
    "Measuring",
    "Moved",
    "NothingToUndo",
    "Outcome",
    "PairCollector",
    "Pairs",
    "Refused",
    "Report",
    "Shown",
    "ShownItem",
    "Tuning",
    "TuningRefused",
    "UnusableJudgments",
    "Verdict",
    "compared",
    "evaluate",
    "export_set",
    "failures_of",
    "figures_of",
    "fitted",
    "gather",
    "gathered",
    "holds_impressions",
    "import_set",
    "keep",
    "lists_of_clicks",
    "mean_measure",
    "read_impressions",
    "read_judged_photos",
    "recorded",
    "to_json",
    "tuned",
    "undo",
    "usable",
]
