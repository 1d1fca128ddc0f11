"""Analysis: from a Photo to what is seen in it."""

from app.analysis.analyzer import Analyzer
from app.analysis.model import (
    Attribute,
    Box,
    Color,
    DetectedObject,
    Embedding,
    Gap,
    InvalidBox,
    Label,
    ObjectType,
    PhotoAnalysis,
)

__all__ = [
    "Analyzer",
    "Attribute",
    "Box",
    "Color",
    "DetectedObject",
    "Embedding",
    "Gap",
    "InvalidBox",
    "Label",
    "ObjectType",
    "PhotoAnalysis",
]
