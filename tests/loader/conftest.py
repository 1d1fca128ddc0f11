"""What the loader's tests share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.loader.shop import Shop


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    await shop.catalog.close()
