"""The port to where it is kept what was seen in a photo, for as long as the photo itself."""

from typing import Protocol

from app.photos import Photo


class Looks(Protocol):
    """Keeps what was seen in a photo; `how` names who looked at which part of it. It may forget anything."""

    async def look(self, photo: Photo, how: str) -> bytes | None:
        """What was kept, or None. Raises app.errors.Unavailable."""
        ...

    def keep_look(self, photo: Photo, how: str, seen: bytes) -> None:
        """Keep it; returns at once, and nobody is told where that fails."""
        ...
