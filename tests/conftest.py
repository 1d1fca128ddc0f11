"""What every test gets: a clean environment, one async backend, and small drawn pictures."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from tests.real_elasticsearch import real_elasticsearch
from tests.real_redis import real_redis

settings.register_profile("akin", deadline=None)  # timings belong to bench/, a busy machine fails no test
settings.load_profile("akin")

__all__ = ["real_elasticsearch", "real_redis"]  # fixtures for every folder

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"

_FOREIGN = ("AKIN_", "AWS_", "GOOGLE_", "GCLOUD_", "CLOUDSDK_", "AZURE_", "ELASTIC")
_PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir"}


@pytest.fixture(autouse=True, scope="session")
def _clean_environment() -> Iterator[None]:
    """No variable of the developer's machine reaches a test: settings, cloud credentials and proxies are taken out."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.upper().startswith(_FOREIGN) or name.lower() in _PROXIES:
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the server does."""
    return "asyncio"


@pytest.fixture
def rng() -> np.random.Generator:
    """Randomness that is the same in every run."""
    return np.random.default_rng(20261121)


@pytest.fixture
def shared_data() -> Path:
    """The measuring photos beside the checkout; the test is skipped where they are absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("../shared/data is not there")
    return SHARED_DATA
