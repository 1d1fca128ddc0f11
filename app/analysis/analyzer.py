"""The port every provider of analysis implements."""

from typing import Protocol

from app.analysis.model import Box, PhotoAnalysis
from app.photos import Photo


class Analyzer(Protocol):
    """Sees what is in a photo.

    name: the provider's name as written in AKIN_ANALYZERS and in every `source` it puts into its answers.
    """

    name: str

    async def analyze(self, photo: Photo, crop: Box | None = None) -> PhotoAnalysis:
        """Analyze one photo.

        crop: the part the caller is interested in; None lets the provider find the object. All boxes in the answer
        are relative to the whole photo, also when a crop is given, and `region` is then the crop.

        The same photo and crop give the same answer. A flat, tiny or empty picture is no error: the answer then has
        little in it. A provider that can do nothing now raises app.errors.Unavailable; it never returns made-up values.
        The event loop is not blocked. Cancellation stops the work as soon as the provider can.
        """
        ...

    async def close(self) -> None:
        """Release threads, processes and connections. Calling it twice is harmless."""
        ...
