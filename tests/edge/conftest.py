"""A small drawn shop in a real catalog, and the real application served to tests in several ways."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from app import wiring
from app.edge import Shop
from app.intake import Intake, teach, validate
from app.main import create_app
from app.settings import Settings, load_settings
from tests.builders import SHAPES, a_photo_file
from tests.edge.picture_server import PictureServer, picture_server

INKS = ("red", "teal")
BRANDS = {"red": "Nordhem", "teal": "Fjell"}


class DrawnImages:
    """An image source that draws `shape-ink-seed.jpg`."""

    async def fetch(self, url: str) -> bytes:
        """The drawing's bytes."""
        shape, ink, seed = url.removesuffix(".jpg").split("-")
        return a_photo_file(shape, ink, seed=int(seed))


def a_row(shape: str, ink: str) -> dict[str, str | list[str]]:
    """One row of the shop's feed."""
    return {
        "id": f"{shape}-{ink}",
        "title": f"A {ink} {shape}",
        "link": f"https://shop.example/p/{shape}-{ink}",
        "image_link": f"{shape}-{ink}-1.jpg",
        "additional_image_link": f"{shape}-{ink}-2.jpg",
        "price": f"{10 * (SHAPES.index(shape) + 1)}.50 USD",
        "availability": "in_stock" if ink == "red" else "out_of_stock",
        "brand": BRANDS[ink],
        "product_type": f"Things > {shape.title()}s",
        "color": ink,
        "material": "felt",
    }


async def load_shop(settings: Settings) -> str:
    """Load and publish the shop; returns the generation's id."""
    decoder = wiring.build_decoder(settings)
    analyzer = wiring.build_analyzer(settings)
    writer = wiring.open_catalog_writer(settings)
    catalog = wiring.open_catalog(settings)
    try:
        intake = Intake(decoder, analyzer, DrawnImages())
        generation = await writer.begin(embedder=analyzer.embedder, dims=analyzer.dims, source="drawn", holder="tests")
        products = []
        for shape in SHAPES:
            for ink in INKS:
                checked = validate(a_row(shape, ink))
                assert checked.product is not None, checked.problems
                prepared = await intake.prepare(checked.product)
                assert prepared.product is not None, prepared.problems
                products.append(prepared.product)
        await writer.add(generation.id, products)
        await teach(writer, generation.id, wiring.build_fit(analyzer))
        await writer.verify(generation.id, expected_products=len(products))
        await catalog.publish(generation.id)
        return generation.id
    finally:
        await catalog.close()
        await writer.close()
        await analyzer.close()
        await decoder.close()


@pytest.fixture(scope="session")
def shop_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The loaded shop as a closed catalog file; tests copy it."""
    path = tmp_path_factory.mktemp("shop") / "akin.db"
    asyncio.run(load_shop(load_settings(catalog=f"sqlite:///{path}", decode_slots=1)))
    return path


@pytest.fixture(scope="module")
def pictures() -> Iterator[str]:
    """Address of a picture server on this machine: `/shape-ink-seed.jpg`; `/broken.jpg` is no picture."""
    with picture_server() as server:
        yield server.address


@pytest.fixture
def shop() -> Iterator[PictureServer]:
    """The picture server of a shop."""
    with picture_server() as server:
        yield server


@pytest.fixture
def settings(tmp_path: Path, shop_file: Path) -> Settings:
    """Settings of a server with its own copy of the shop."""
    shutil.copy(shop_file, tmp_path / "akin.db")
    return settings_in(tmp_path)


def settings_in(folder: Path, **changes: object) -> Settings:
    """Settings whose every file lies in the folder."""
    return load_settings(
        **{
            "catalog": f"sqlite:///{folder / 'akin.db'}",
            "keys": folder / "keys.db",
            "writes": folder / "writes.db",
            "photo_store": folder / "photos.db",
            "events": folder / "events.db",
            "insights": folder / "insights",
            "loads": folder / "loads",
            "rate_store": f"sqlite:///{folder / 'rates.db'}",
            "decode_slots": 1,
            "deadline_ms": 120_000,  # a starved machine is no reason for a red test
            "decode_timeout_s": 60.0,
            **changes,
        }
    )


class WithState:
    """Serves an app as a server does: with the lifespan's state in every request."""

    def __init__(self, app: ASGIApp, state: Mapping[str, object]) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI call."""
        await self._app({**scope, "state": dict(self._state)}, receive, send)


@asynccontextmanager
async def serving(settings: Settings, **replaced: object) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the real application; `replaced` puts scripted parts in the place of real ones, in every shop."""
    app = create_app(settings)
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        parts = {name: part for name, part in replaced.items() if name in Shop.__dataclass_fields__}
        shops = {shop_id: replace(shop, **parts) for shop_id, shop in state["shops"].items()}
        others = {name: part for name, part in replaced.items() if name not in parts}
        transport = httpx.ASGITransport(WithState(app, {**state, "shops": shops, **others}), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield client


@pytest.fixture(scope="module")
async def client(shop_file: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server of the shop, shared by the tests of a module: they only read."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copy(shop_file, folder / "akin.db")
    async with serving(settings_in(folder)) as made:
        yield made
