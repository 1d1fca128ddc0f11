"""Analysis: from a Photo to what is seen in it.

The comparing functions of the embedded eyes are here too (`glance`, `verify`, `color_similarity`,
`channel_similarities`), with the color words everybody names colors by: search compares what the eyes saw, it never
looks itself.
"""

from app.analysis.analyzer import Analyzer
from app.analysis.local import (
    PictureQuality,
    channel_similarities,
    color_similarity,
    glance,
    picture_quality,
    verify,
)
from app.analysis.local import SeenColor as LocalColor
from app.analysis.local.channels import DIMS as LOCAL_DIMS
from app.analysis.local.leading import MODEL_WEIGHT as LEAD_WEIGHT
from app.analysis.local.palette import SHADES as COLOR_SHADES
from app.analysis.model import (
    Attribute,
    Box,
    Color,
    DetectedObject,
    Embedding,
    Gap,
    InvalidBox,
    Label,
    Likeness,
    ObjectType,
    PhotoAnalysis,
)
from app.analysis.patience import answering_by
from app.analysis.source import Reason
from app.analysis.vocabulary import Vocabulary, normal, read_vocabulary, singulars
from app.analysis.words import WordsAsLooks

__all__ = [
    "COLOR_SHADES",
    "LEAD_WEIGHT",
    "LOCAL_DIMS",
    "Analyzer",
    "Attribute",
    "Box",
    "Color",
    "DetectedObject",
    "Embedding",
    "Gap",
    "InvalidBox",
    "Label",
    "Likeness",
    "LocalColor",
    "ObjectType",
    "PhotoAnalysis",
    "PictureQuality",
    "Reason",
    "Vocabulary",
    "WordsAsLooks",
    "answering_by",
    "channel_similarities",
    "color_similarity",
    "glance",
    "normal",
    "picture_quality",
    "read_vocabulary",
    "singulars",
    "verify",
]
