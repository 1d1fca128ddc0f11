"""Insights: what whoever looks after the shop wants to know, and what they decided, kept in one folder."""

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
from app.insights.judged import Judged, JudgedPhotos, Told
from app.insights.store import InsightStore

__all__ = [
    "EvaluationNotFound",
    "EvaluationRecord",
    "EvaluationRecords",
    "EvaluationRunning",
    "EvaluationState",
    "InsightStore",
    "InsightsUnavailable",
    "InvalidJudgedSet",
    "InvalidWeights",
    "Judged",
    "JudgedPhotoNotFound",
    "JudgedPhotos",
    "NothingJudged",
    "PairNotFound",
    "Told",
]
