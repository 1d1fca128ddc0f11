"""Why a call is not made, or cannot be booked."""

from app.errors import BadRequest, Unavailable


class BudgetSpent(Unavailable):
    """The units or the money of this minute or day are spent; no call is made."""

    code = "budget-spent"
    title = "The budget for outside calls is spent"


class MeterUnavailable(Unavailable):
    """The file that counts outside calls cannot be used; without it nothing is bought."""

    code = "meter-unavailable"
    title = "Outside calls cannot be counted"


class UnknownPrice(BadRequest):
    """The price table lacks an entry or cannot be read."""

    code = "unknown-price"
    title = "The price of a call is not known"
