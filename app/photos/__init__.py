"""Photos: from bytes to a safe, upright, bounded picture."""

from app.photos.photo import MAX_SIDE, Photo

__all__ = ["MAX_SIDE", "Photo"]
