"""The shop and the client of tests/edge."""

from tests.edge.conftest import client, settings, shop_file

__all__ = ["client", "settings", "shop_file"]
