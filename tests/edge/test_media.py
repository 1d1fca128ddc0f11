"""/media: pictures of the feed's folder and nothing else; addresses of pictures as pages get them."""

from pathlib import Path

import pytest

from app.edge import image_address, web_address
from tests.builders import a_photo_file
from tests.edge.conftest import serving, settings_in
from tests.edge.problems import assert_problem

pytestmark = pytest.mark.anyio


async def test_pictures_are_served_and_nothing_else(tmp_path: Path) -> None:
    media, outside = tmp_path / "shop", tmp_path / "outside.jpg"
    (media / "a b").mkdir(parents=True)
    (media / "a b" / "ring.jpg").write_bytes(a_photo_file())
    (media / "feed.tsv").write_text("secret", encoding="utf-8")
    (media / "link.jpg").symlink_to(outside)
    outside.write_bytes(b"secret")
    async with serving(settings_in(tmp_path, media=media)) as client:
        picture = await client.get(image_address("a b/ring.jpg") or "")
        assert picture.status_code == 200
        assert picture.content == a_photo_file()
        assert picture.headers["content-type"] == "image/jpeg"
        assert picture.headers["x-content-type-options"] == "nosniff"
        for path in (
            "feed.tsv",
            "none.jpg",
            "link.jpg",
            "../outside.jpg",
            "%2e%2e/outside.jpg",
            "..%5coutside.jpg",
            "a b",
        ):
            assert_problem(await client.get(f"/media/{path}"), "not-found")


async def test_without_the_setting_there_is_no_such_route(tmp_path: Path) -> None:
    async with serving(settings_in(tmp_path)) as client:
        assert_problem(await client.get("/media/ring.jpg"), "not-found")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://shop.example/a.jpg", "https://shop.example/a.jpg"),
        ("images/ü 1.jpg", "/media/images/%C3%BC%201.jpg"),
        ("images\\a.jpg", "/media/images/a.jpg"),
        ("../a.jpg", None),
        ("images/../../a.jpg", None),
        ("/etc/a.jpg", None),
        ("//evil.example/a.jpg", None),
        ("file:///etc/a.jpg", None),
        ("javascript:alert(1)", None),
        ("data:image/png;base64,AAAA", None),
        ("http://[::1/a.jpg", None),
        ("", None),
    ],
)
def test_only_what_can_be_shown_has_an_address(url: str, address: str | None) -> None:
    assert image_address(url) == address


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "ftp://x/y", "", "shop.example/p", "JavaScript:x", "http://["]
)
def test_only_web_links_are_followed(link: str) -> None:
    assert web_address(link) is None


def test_a_web_link_stays_as_it_is() -> None:
    assert web_address("HTTPS://shop.example/p?a=1#b") == "HTTPS://shop.example/p?a=1#b"
