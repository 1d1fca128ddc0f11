"""The HTTP interface: thin routes around the search and the catalog."""

from fastapi import APIRouter

from app.api import (
    evaluations,
    generations,
    health_report,
    insights,
    interactions,
    judged,
    keys,
    lab,
    listing,
    loads,
    metrics,
    products,
    search,
)
from app.api.openapi import install_openapi
from app.api.scopes import SCOPES

router = APIRouter()
router.include_router(search.router)
router.include_router(interactions.router)
router.include_router(listing.router)
router.include_router(insights.router)  # before products, whose ids may hold slashes
router.include_router(health_report.router)
router.include_router(products.router)
router.include_router(loads.router)
router.include_router(keys.router)
router.include_router(lab.router)
router.include_router(judged.router)
router.include_router(evaluations.router)
router.include_router(generations.router)
router.include_router(metrics.router)

__all__ = ["SCOPES", "install_openapi", "router"]
