"""Pictures of the feed's folder, served so that relative image links can be shown."""

import os
from pathlib import PurePosixPath

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".avif", ".heic", ".heif", ".gif"})


class MediaFiles(StaticFiles):
    """Static files, but only pictures: the folder of a feed holds the feed too, and maybe more."""

    def __init__(self, directory: "os.PathLike[str]") -> None:
        super().__init__(directory=directory, follow_symlink=False, check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The picture; 404 for anything else, whether it exists or not."""
        if PurePosixPath(path).suffix.lower() not in PICTURES:
            raise HTTPException(404)
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=3600"
        response.headers["cross-origin-resource-policy"] = "cross-origin"  # shops show them beside their own pictures
        return response
