"""An embedded copy of what another engine has published: kept up to date, and answering while that engine cannot."""

from app.catalog.fallback.catalog import FallbackCatalog
from app.catalog.fallback.keeper import CopyKeeper
from app.catalog.fallback.original import Original, Published

__all__ = ["CopyKeeper", "FallbackCatalog", "Original", "Published"]
