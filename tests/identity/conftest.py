"""The drawn shop of the edge's tests."""

from tests.edge.conftest import settings, shop_file

__all__ = ["settings", "shop_file"]
