"""What routes need of insights, in one value."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.insights.pairs import Verdicts
from app.insights.pictures import PictureNotes
from app.insights.spending import Spending
from app.insights.survey import Survey


@dataclass(frozen=True, slots=True)
class Insights:
    """spending: what outside sources cost by now; None where there are none."""

    notes: PictureNotes
    verdicts: Verdicts
    survey: Survey
    spending: Callable[[], Awaitable[Spending]] | None = None
