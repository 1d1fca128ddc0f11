"""Pure: what a text says about prices: "under $50", "between 20 and 40 euros", "max 100"."""

import re
from decimal import Decimal

from app.catalog import PriceBetween

_MONEY = r"(?:[$€£]|usd|eur|gbp|us\$)"
_UNIT = r"(?:[$€£]|(?:usd|eur|gbp|dollars?|euros?|pounds?|bucks)\b)"
_AMOUNT = rf"{_MONEY}?\s*(\d{{1,7}}(?:,\d{{3}})*(?:\.\d{{1,2}})?)(?![\d.,]*\d)(?:\s*{_UNIT})?"
_MARKED = rf"(?:{_MONEY}\s*\d|\d\s*{_UNIT})"
_NO_MEASURE = (
    r"(?!\s*(?:cm|mm|m|in|inch|inches|\"|ft|feet|kg|g|l|ml|w|watts?|%|people|seats?|seaters?|pieces?|pcs)(?!\w))(?!\w)"
)
_BETWEEN = re.compile(
    rf"\b(?:between|from)\s+{_AMOUNT}\s+(?:and|to)\s+{_AMOUNT}{_NO_MEASURE}|{_AMOUNT}\s*(?:-|–|to)\s*{_AMOUNT}{_NO_MEASURE}"
)
_AT_MOST = re.compile(
    r"\b(?:under|below|less than|cheaper than|up to|at most|max(?:imum)?\.?|no more than|not more than|not over|within)"
    rf"\s+{_AMOUNT}{_NO_MEASURE}|{_AMOUNT}\s+(?:or less|or cheaper|max(?:imum)?|at most){_NO_MEASURE}"
)
_AT_LEAST = re.compile(
    r"\b(?:over|above|more than|at least|min(?:imum)?\.?|from|no less than|starting at)"
    rf"\s+{_AMOUNT}{_NO_MEASURE}|{_AMOUNT}\s+(?:or more|and up|min(?:imum)?|at least){_NO_MEASURE}"
)


def take_prices(text: str) -> tuple[PriceBetween | None, str]:
    """The price the text asks for (None when it says none), and the text without it. text: lower case.

    A bare range ("20-40") is taken for a price only with a currency: it may be a size. Amounts are compared as they
    are, whatever their currency: a catalog is in one. A range that is turned round is put right.
    """
    low: Decimal | None = None
    high: Decimal | None = None
    between = _BETWEEN.search(text)
    if between is not None and (between[0].startswith(("between", "from")) or re.search(_MARKED, between[0])):
        found = sorted(_decimal(one) for one in between.groups() if one is not None)
        low, high, text = found[0], found[-1], _cut(text, between)
    for pattern, is_high in ((_AT_MOST, True), (_AT_LEAST, False)):
        while (said := pattern.search(text)) is not None:
            amount = _decimal(next(one for one in said.groups() if one is not None))
            if is_high:
                high = amount if high is None else min(high, amount)
            else:
                low = amount if low is None else max(low, amount)
            text = _cut(text, said)
    if low is None and high is None:
        return None, text
    if low is not None and high is not None and low > high:
        low, high = high, low
    return PriceBetween(low, high), text


def _decimal(amount: str) -> Decimal:
    return Decimal(re.sub(r"[,\s]", "", amount))


def _cut(text: str, said: re.Match[str]) -> str:
    return f"{text[: said.start()]} , {text[said.end() :]}"
