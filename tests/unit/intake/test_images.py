"""Where pictures may come from, and what is refused."""

import os
from pathlib import Path

import pytest

from app.errors import AppError
from app.intake import FeedImages

pytestmark = pytest.mark.anyio


class Web:
    """A web of one picture, which remembers what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        return b"from the web"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shop = tmp_path / "shop"
    (shop / "pictures").mkdir(parents=True)
    (shop / "pictures" / "a b.jpg").write_bytes(b"beside the feed")
    (tmp_path / "secret.jpg").write_bytes(b"elsewhere")
    return shop


async def code_of(images: FeedImages, url: str) -> str:
    with pytest.raises(AppError) as refused:
        await images.fetch(url)
    assert refused.value.fix
    return refused.value.code


@pytest.mark.parametrize("url", ["pictures/a b.jpg", "pictures/a%20b.jpg", "./pictures/../pictures/a b.jpg"])
async def test_a_relative_path_begins_in_the_folder_of_the_feed(folder: Path, url: str) -> None:
    """Also written as a URL path."""
    assert await FeedImages(Web(), folder=folder).fetch(url) == b"beside the feed"


async def test_a_file_url_is_read_from_the_command_line(folder: Path) -> None:
    """It names the whole path, so it may lead anywhere."""
    assert await FeedImages(Web(), folder=folder).fetch((folder.parent / "secret.jpg").as_uri()) == b"elsewhere"


async def test_a_relative_path_never_leaves_the_folder(folder: Path) -> None:
    """Neither by dots, nor by a link, nor as an absolute path."""
    (folder / "link.jpg").symlink_to(folder.parent / "secret.jpg")
    images = FeedImages(Web(), folder=folder)
    for url in ("../secret.jpg", "pictures/../../secret.jpg", "%2e%2e/secret.jpg", "link.jpg", "/etc/hostname"):
        assert await code_of(images, url) == "image-outside-feed"


async def test_a_feed_from_elsewhere_reads_no_files_here(folder: Path) -> None:
    """A product sent over HTTP, or a feed from the web."""
    over_http, from_the_web = FeedImages(Web()), FeedImages(Web(), base_url="https://shop.example/feeds/f.xml")
    url = (folder.parent / "secret.jpg").as_uri()
    assert await code_of(over_http, url) == "image-local-refused"
    assert await code_of(over_http, "secret.jpg") == "image-local-refused"
    assert await code_of(from_the_web, url) == "image-local-refused"


async def test_relative_links_of_a_feed_from_the_web_lead_to_its_server() -> None:
    """As links of a page do."""
    web = Web()
    images = FeedImages(web, base_url="https://shop.example/feeds/f.xml")
    assert await images.fetch("../i/1.jpg") == b"from the web"
    assert await images.fetch("https://cdn.example/2.jpg") == b"from the web"
    assert web.asked == ["https://shop.example/i/1.jpg", "https://cdn.example/2.jpg"]


async def test_what_cannot_be_read_is_told(folder: Path) -> None:
    """Absent, a folder, a pipe that would never end, a name no file can have, too large."""
    os.mkfifo(folder / "pipe.jpg")
    (folder / "huge.jpg").write_bytes(bytes(101))
    (folder / "circle.jpg").symlink_to(folder / "circle.jpg")
    images = FeedImages(Web(), folder=folder, max_bytes=100)
    for url in ("none.jpg", "pictures", "a\x00b.jpg", "circle.jpg", "x" * 300, "pipe.jpg"):
        assert await code_of(images, url) == "image-missing"
    assert await code_of(images, "huge.jpg") == "photo-too-large"
