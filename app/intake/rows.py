"""Raw rows: attribute names to texts, before anything is checked. JSON objects become the same rows as feed lines."""

import json
from collections.abc import Mapping
from typing import TypeAlias

from app.intake.columns import READ, canonical

RawRow: TypeAlias = Mapping[str, str | list[str]]
"""Canonical attribute name -> its text, or its texts where the feed repeats it."""


class NotARow(ValueError):
    """The JSON value cannot be read as a product's row; the text says why."""


def row_from_json(value: object) -> dict[str, str | list[str]]:
    """A JSON object with the Merchant names. Raises NotARow.

    Numbers and booleans become their text, null is left out, lists of those stay lists, and
    {"amount": "129.00", "currency": "USD"} becomes "129.00 USD". Other nested values are refused where Akin reads
    the attribute and empty elsewhere (shipping, …); names that are no attributes pass through.
    """
    if not isinstance(value, dict):
        raise NotARow(f"it holds {_kind(value)} instead of an object")
    row: dict[str, str | list[str]] = {}
    for name, found in value.items():
        text = _text(found)
        if text is None and canonical(str(name)) not in READ:
            row[str(name)] = ""
        elif text is None and isinstance(found, list):
            parts = [_text(part) for part in found]
            if any(part is None for part in parts):
                raise NotARow(f'"{name}" is a list with something other than texts and numbers in it')
            row[str(name)] = [part for part in parts if part]
        elif text is None:
            raise NotARow(f'"{name}" is {_kind(found)}; write it as one text, or a list of texts')
        elif text:
            row[str(name)] = text
    return row


def parsed_json(text: str | bytes) -> object:
    """The value of a JSON text. Raises NotARow also for NaN, huge numbers and nesting that would exhaust the stack."""
    try:
        return json.loads(text, parse_constant=_no_constant, parse_float=str, parse_int=str)
    except json.JSONDecodeError as broken:
        raise NotARow(f"it is no JSON: {broken.msg} at column {broken.colno}") from broken
    except (RecursionError, UnicodeDecodeError) as broken:
        raise NotARow("it is nested too deeply or no UTF-8") from broken


def _no_constant(name: str) -> object:
    raise NotARow(f"{name} is no JSON")


def _text(value: object) -> str | None:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, dict) and set(value) == {"amount", "currency"}:
        return f"{_text(value['amount'])} {_text(value['currency'])}"
    return None


def _kind(value: object) -> str:
    names: dict[type, str] = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "true or false",
        type(None): "null",
    }
    return names.get(type(value), "a number")
