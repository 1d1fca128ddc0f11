"""What can go wrong with insights.

AppError
├── BadRequest: InvalidJudgedSet, InvalidWeights
├── NotFound: JudgedPhotoNotFound, EvaluationNotFound, PairNotFound
├── Conflict: NothingJudged, EvaluationRunning
└── Unavailable: InsightsUnavailable
"""

from app.errors import BadRequest, Conflict, NotFound, Unavailable


class InvalidJudgedSet(BadRequest):
    """The file of judged photos cannot be read: no zip, no queries.jsonl, or a line that does not fit."""

    code = "invalid-judged-set"
    title = "The judged photos cannot be read"


class InvalidWeights(BadRequest):
    """Trial weights name a stage or a feature that does not exist, or a number that no score can be made with."""

    code = "invalid-weights"
    title = "The trial weights cannot be used"


class JudgedPhotoNotFound(NotFound):
    """No judged photo has this id."""

    code = "judged-photo-not-found"
    title = "There is no such judged photo"


class EvaluationNotFound(NotFound):
    """No evaluation has this id, or it is so old that it was forgotten."""

    code = "evaluation-not-found"
    title = "There is no such evaluation"


class PairNotFound(NotFound):
    """One of the two products of a pair is not in the shop."""

    code = "pair-not-found"
    title = "There is no such pair of products"


class NothingJudged(Conflict):
    """There is no judged photo to evaluate with, or the two evaluations share none."""

    code = "nothing-judged"
    title = "There are no judged photos for this"


class EvaluationRunning(Conflict):
    """Another evaluation runs; each takes all the searching this server can do."""

    code = "evaluation-running"
    title = "Another evaluation is running"


class InsightsUnavailable(Unavailable):
    """The folder of insights cannot be used: a full disk, missing rights, a foreign file."""

    code = "insights-unavailable"
    title = "Insights cannot be kept or read now"
