"""Reporting: an evaluation for people, as tables for a terminal and as one HTML page.

Apart from app/evaluation, so that a server, which prints neither, does not load what draws them.
"""

from app.reporting.sheet import pictures_under, to_html
from app.reporting.table import to_table

__all__ = ["pictures_under", "to_html", "to_table"]
