"""Insights: what whoever looks after the shop wants to know, and what they decided, kept in one folder."""

from app.insights.desk import Insights
from app.insights.errors import (
    EvaluationNotFound,
    EvaluationRunning,
    InsightsUnavailable,
    InvalidJudgedSet,
    InvalidWeights,
    JudgedPhotoNotFound,
    NothingJudged,
    PairNotFound,
)
from app.insights.evaluations import EvaluationRecord, EvaluationRecords, EvaluationState
from app.insights.findability import Cause, Hindrance, hindrances
from app.insights.judged import Judged, JudgedPhotos, Told
from app.insights.pairs import Look, Pair, Verdicts, near_pairs
from app.insights.pictures import PictureNote, PictureNotes
from app.insights.spending import SourceDay, Spending
from app.insights.store import InsightStore
from app.insights.survey import Progress, Row, Survey, Surveyed

__all__ = [
    "Cause",
    "EvaluationNotFound",
    "EvaluationRecord",
    "EvaluationRecords",
    "EvaluationRunning",
    "EvaluationState",
    "Hindrance",
    "InsightStore",
    "Insights",
    "InsightsUnavailable",
    "InvalidJudgedSet",
    "InvalidWeights",
    "Judged",
    "JudgedPhotoNotFound",
    "JudgedPhotos",
    "Look",
    "NothingJudged",
    "Pair",
    "PairNotFound",
    "PictureNote",
    "PictureNotes",
    "Progress",
    "Row",
    "SourceDay",
    "Spending",
    "Survey",
    "Surveyed",
    "Told",
    "Verdicts",
    "hindrances",
    "near_pairs",
]
