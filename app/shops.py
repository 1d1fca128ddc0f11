"""The shops one server serves: AKIN_SHOPS names a TOML file with a table for each. Part of the composition root.

    [nordhem]
    catalog = "sqlite:///data/nordhem.db"

    [fjell]
    catalog = "sqlite:///data/fjell.db"
    analyzers = ["google_vision", "local"]
    budget_usd_per_day = 5.0

A shop's settings are the server's, with what its table says instead. Whatever holds a shop's data is a file or an index
of its own, so nothing that one shop stored can be found, counted or paid for by another.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from app.identity import DEFAULT_SHOP
from app.settings import InvalidSettings, Settings, load_settings

FILES = ("photo_store", "events", "insights", "loads", "cloud_store")
"""Settings that name where data is kept; each shop has its own place, under shops/ID unless its table names another."""

OWN = frozenset(
    {
        *FILES,
        *("catalog", "catalog_fallback", "catalog_fallback_ms", "elasticsearch_api_key", "elasticsearch_ca"),
        *("elasticsearch_prefix", "elasticsearch_vectors", "elasticsearch_language", "elasticsearch_templates"),
        *("elasticsearch_timeout_s", "analyzers", "embedder", "calibration", "sources_ms", "model_cards", "vocabulary"),
        *("google_features", "google_endpoint", "google_product_set", "google_product_categories", "vertex_endpoint"),
        *("aws_region", "aws_endpoint", "trust", "prices", "cloud_cache_days", "cloud_cache_mb", "cascade"),
        *("budget_units_per_minute", "budget_units_per_day", "budget_usd_per_minute", "budget_usd_per_day"),
        *("cascade_attributes", "hybrid_look", "blur_faces", "loader_ask_above_usd", "events_days", "rules"),
    }
)
"""Settings a shop's table may have. All others are the server's: one process has one port, one decoder, one log."""

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def shops_of(settings: Settings) -> dict[str, Settings]:
    """shop id -> its settings; without AKIN_SHOPS the one shop `default`, with the settings as they are.

    Raises InvalidSettings for a file that cannot be read or used, and for shops that would share a place.
    """
    if settings.shops is None:
        return {DEFAULT_SHOP: settings}
    tables = _tables(settings.shops)
    shops = {shop_id: _of_one(settings, shop_id, table) for shop_id, table in tables.items()}
    _refuse_shared_places(settings.shops, shops)
    return shops


def load_shop_settings(**overrides: object) -> Settings:
    """The settings of the one shop that a command works for: the only one, or the one AKIN_SHOP names.

    Raises InvalidSettings.
    """
    settings = load_settings(**overrides)
    shops = shops_of(settings)
    known = ", ".join(shops)
    if settings.shop is not None and settings.shop not in shops:
        raise InvalidSettings(f"AKIN_SHOP={settings.shop} is no shop here.", fix=f"Name one of: {known}.")
    if settings.shop is None and len(shops) > 1:
        raise InvalidSettings(f"Which shop is meant? AKIN_SHOPS names {known}.", fix="Say it: AKIN_SHOP=ID.")
    return shops[settings.shop] if settings.shop is not None else next(iter(shops.values()))


def _tables(path: Path) -> Mapping[str, dict[str, object]]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as unusable:
        raise InvalidSettings(f"AKIN_SHOPS={path} cannot be used: {unusable}.", fix=_FIX) from unusable
    for shop_id, table in tables.items():
        if _ID.fullmatch(shop_id) is None or not isinstance(table, dict):
            raise InvalidSettings(
                f"{path}: '{shop_id}' is no table of a shop.",
                fix="Ids are small letters, digits and dashes. " + _FIX,
            )
        foreign = sorted(set(table) - OWN)
        if foreign:
            raise InvalidSettings(
                f"{path}: [{shop_id}] has {', '.join(foreign)}, which a shop cannot have.",
                fix=f"A shop's own settings are: {', '.join(sorted(OWN))}.",
            )
    if not tables:
        raise InvalidSettings(f"AKIN_SHOPS={path} names no shop.", fix=_FIX)
    return tables


_FIX = "docs/production.md shows such a file: a table [ID] for each shop, with its catalog."


def _of_one(settings: Settings, shop_id: str, table: Mapping[str, object]) -> Settings:
    server = {name: getattr(settings, name) for name in settings.model_fields_set}
    places: dict[str, object] = {name: _own_place(getattr(settings, name), shop_id) for name in FILES}
    places["rules"] = None  # they name products, which are one shop's
    if "catalog" not in table and settings.elasticsearch_hosts:
        places["elasticsearch_prefix"] = f"{settings.elasticsearch_prefix}_{shop_id.replace('-', '_')}"
    if settings.catalog_fallback is not None and "catalog_fallback" not in table:
        raise InvalidSettings(
            f"AKIN_CATALOG_FALLBACK is one file for all shops, [{shop_id}] among them.",
            fix="Name a catalog_fallback in the shop's table instead.",
        )
    # None, not left out: what the environment says of shops is the server's business.
    mine = {**server, **places, **table, "shops": None, "shop": None}
    try:
        return load_settings(**{name: tuple(one) if isinstance(one, list) else one for name, one in mine.items()})
    except InvalidSettings as wrong:
        raise InvalidSettings(f"Shop [{shop_id}]: {wrong.detail}", fix=wrong.fix) from wrong


def _own_place(servers: Path, shop_id: str) -> Path:
    return servers.parent / "shops" / shop_id / servers.name


def _refuse_shared_places(path: Path, shops: Mapping[str, Settings]) -> None:
    taken: dict[str, str] = {}
    for shop_id, settings in shops.items():
        for place in _places(settings):
            other = taken.setdefault(place, shop_id)
            if other != shop_id:
                raise InvalidSettings(
                    f"{path}: [{other}] and [{shop_id}] would share {place}.",
                    fix="Give each shop its own catalog and its own files.",
                )


def _places(settings: Settings) -> list[str]:
    """Where a shop's data lies, each place written in one way only."""
    files = [getattr(settings, name) for name in FILES]
    if settings.sqlite_path is not None:
        files.append(settings.sqlite_path)
    if settings.catalog_fallback is not None:
        files.append(Path(settings.catalog_fallback.removeprefix("sqlite:///")))
    nodes = [f"{host.rstrip('/').lower()} {settings.elasticsearch_prefix}" for host in settings.elasticsearch_hosts]
    return [str(file.resolve()) for file in files] + nodes
