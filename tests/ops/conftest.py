"""The shop of tests/edge."""

from tests.edge.conftest import shop_file

__all__ = ["shop_file"]
