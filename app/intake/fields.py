"""The single attributes of the feed: text in, value out, or NotThis with the reason. Pure."""

import re
from decimal import Decimal
from urllib.parse import urlsplit

from app.catalog import Availability, Money


class NotThis(ValueError):
    """The text is not a value of this attribute. code, cause and fix go into the Problem."""

    def __init__(self, code: str, cause: str, fix: str) -> None:
        super().__init__(cause)
        self.code = code
        self.cause = cause
        self.fix = fix


LARGEST_AMOUNT = Decimal(1_000_000_000)

_CURRENCIES_WORDS = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF"
    " CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ"
    " GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR"
    " LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN"
    " PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB"
    " TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW"
    " ZWG"
)
CURRENCIES = frozenset(_CURRENCIES_WORDS.split())
"""ISO 4217 codes of money that people pay with."""

_PRICE = re.compile(
    r"(?:(?P<before>[A-Za-z]{3})\s*)?(?P<amount>[0-9][0-9., \u00a0\u202f']*)(?:\s*(?P<after>[A-Za-z]{3}))?"
)
_SYMBOLS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "zł": "PLN", "₽": "RUB", "₩": "KRW"}


def money(text: str) -> Money:
    """ "129.00 USD" -> Money. Also read: "USD 129", "1,299.00 USD", "129,50 EUR", "1.299,00 EUR"."""
    example = 'Write the amount with a point and the currency\'s three letters: "129.00 USD".'
    symbol = next((symbol for symbol in _SYMBOLS if symbol in text), None)
    if symbol:
        raise NotThis(
            "bad-currency", f'The price "{shown(text)}" has the sign {symbol}, which says too little.', example
        )
    found = _PRICE.fullmatch(text.strip())
    if found is None:
        raise NotThis("bad-price", f'"{shown(text)}" is not a price.', example)
    named = [code.upper() for code in (found["before"], found["after"]) if code]
    if len(named) != 1:
        cause = "names no currency" if not named else "names two currencies"
        raise NotThis("bad-currency", f'The price "{shown(text)}" {cause}.', example)
    if named[0] not in CURRENCIES:
        raise NotThis("bad-currency", f'"{named[0]}" is no currency of ISO 4217.', example)
    amount = _amount(found["amount"].strip())
    if amount is None or amount > LARGEST_AMOUNT:
        raise NotThis("bad-price", f'"{shown(text)}" is not a price between 0 and {LARGEST_AMOUNT:,}.', example)
    return Money(amount, named[0])


def _amount(digits: str) -> Decimal | None:
    """The number, whichever of point and comma parts its thousands; None where that cannot be told."""
    digits = re.sub(r"[ \u00a0\u202f'](?=[0-9]{3}(?:[^0-9]|$))", "", digits)
    marks = re.sub(r"[0-9]", "", digits)
    if not marks:
        return Decimal(digits)
    last = marks[-1]
    whole, _, cents = digits.rpartition(last)
    other = "," if last == "." else "."
    grouped = re.fullmatch(rf"[0-9]{{1,3}}(?:{re.escape(other)}[0-9]{{3}})*|[0-9]+", whole)
    if grouped and 1 <= len(cents) <= 4 and not (last == "," and len(cents) == 3):
        return Decimal(f"{whole.replace(other, '')}.{cents}")
    if re.fullmatch(rf"[0-9]{{1,3}}(?:{re.escape(last)}[0-9]{{3}})+", digits):
        return Decimal(digits.replace(last, ""))
    return None


_AVAILABILITY = {
    "in_stock": Availability.IN_STOCK,
    "instock": Availability.IN_STOCK,
    "available": Availability.IN_STOCK,
    "available_for_order": Availability.IN_STOCK,
    "limited_availability": Availability.IN_STOCK,
    "limitedavailability": Availability.IN_STOCK,
    "instoreonly": Availability.IN_STOCK,
    "onlineonly": Availability.IN_STOCK,
    "out_of_stock": Availability.OUT_OF_STOCK,
    "outofstock": Availability.OUT_OF_STOCK,
    "sold_out": Availability.OUT_OF_STOCK,
    "soldout": Availability.OUT_OF_STOCK,
    "unavailable": Availability.OUT_OF_STOCK,
    "discontinued": Availability.OUT_OF_STOCK,
    "preorder": Availability.PREORDER,
    "pre_order": Availability.PREORDER,
    "presale": Availability.PREORDER,
    "backorder": Availability.BACKORDER,
    "back_order": Availability.BACKORDER,
    "on_backorder": Availability.BACKORDER,
}


def availability(text: str) -> Availability:
    """ "in stock", "In-Stock", "https://schema.org/InStock" -> IN_STOCK."""
    word = re.sub(r"^https?://schema\.org/", "", text.strip().lower())
    word = re.sub(r"[\s_-]+", "_", word)
    try:
        return _AVAILABILITY[word]
    except KeyError:
        raise NotThis(
            "bad-availability",
            f'"{shown(text)}" is no availability.',
            "Write in_stock, out_of_stock, preorder or backorder.",
        ) from None


def gtin(text: str) -> str:
    """The digits of a GTIN-8, -12, -13 or -14 (UPC, EAN, ISBN-13) whose check digit is right; spaces and hyphens go.

    Raises NotThis otherwise. Check digit: GS1 General Specifications, section 7.9.
    """
    digits = re.sub(r"[\s-]", "", text)
    fix = "Copy the number below the product's bar code, or leave gtin empty."
    if not re.fullmatch(r"[0-9]{8}|[0-9]{12,14}", digits):
        raise NotThis("bad-gtin", f'"{shown(text)}" has not the 8, 12, 13 or 14 digits of a GTIN.', fix)
    weighted = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(digits[:-1])))
    expected = -weighted % 10
    if int(digits[-1]) != expected:
        raise NotThis("gtin-check-digit", f"The check digit of {digits} should be {expected}.", fix)
    return digits


_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


def web_url(text: str) -> str:
    """An http or https URL with a host."""
    if scheme_of(text) not in {"http", "https"} or not _has_host(text) or re.search(r"\s", text):
        raise NotThis("bad-url", f'"{shown(text)}" is no web address.', "Write it whole, beginning with https://.")
    return text


def image_url(text: str) -> str:
    """A web URL, a file: URL, or a path relative to the feed."""
    scheme = scheme_of(text)
    if scheme in {"http", "https"}:
        return web_url(text)
    if scheme == "file" and urlsplit(text).netloc in {"", "localhost"}:
        return text
    if scheme or text.startswith(("/", "\\")):
        raise NotThis(
            "bad-url",
            f'"{shown(text)}" is no address a picture can be read from.',
            "Use https://…, file:///…, or a path relative to the feed's folder.",
        )
    return text


def scheme_of(url: str) -> str:
    """The URL's scheme in lower case, "" for a relative path."""
    found = _SCHEME.match(url)
    return found[1].lower() if found else ""


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:  # unbalanced brackets of an IPv6 address
        return False


_SPLIT_URLS = re.compile(r"\s*,\s*(?=(?:https?|file):)")


def url_list(text: str) -> list[str]:
    """The addresses of a comma-separated list. A comma inside a web address does not part it."""
    parts = _SPLIT_URLS.split(text) if "://" in text or text.lower().startswith("file:") else text.split(",")
    return [part for part in (part.strip().strip(",").strip() for part in parts) if part]


def category_path(text: str) -> tuple[str, ...]:
    """ "A > B > C" -> ("A", "B", "C"); also with ">" escaped as "&gt;", as broken exports write it."""
    return tuple(part for part in (" ".join(part.split()) for part in text.replace("&gt;", ">").split(">")) if part)


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_UNDECODED = re.compile("[\udc80-\udcff]")


def clean(text: str) -> str:
    """Text on one line, without spaces around it. Raises NotThis on control characters and on undecodable bytes."""
    if _UNDECODED.search(text):
        raise NotThis(
            "bad-encoding", "The value has bytes that are no text in the feed's encoding.", "Save it as UTF-8."
        )
    found = _CONTROL.search(text)
    if found:
        raise NotThis(
            "control-character",
            f"The value has the control character U+{ord(found[0]):04X} at position {found.start() + 1}.",
            "Remove it; it usually comes from copying out of another program.",
        )
    return " ".join(text.split())


def shown(text: str, longest: int = 60) -> str:
    """A value as a message may quote it: printable, short."""
    text = "".join(char if char.isprintable() else "�" for char in text)
    return text if len(text) <= longest else text[: longest - 1] + "…"
