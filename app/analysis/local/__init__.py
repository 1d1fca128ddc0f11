"""Akin's own eyes: what can be seen in a photo with no network and no downloaded weights.

Pure, synchronous code on uint8 RGB arrays. `LocalEyes.see` looks, `channel_similarities`, `color_similarity`, `glance`
and `verify` compare, `look_score` orders, `Teaching` is what a catalog's labeled products teach.
"""

from app.analysis.local.channels import CHANNELS, channel_similarities, look_score
from app.analysis.local.color import SeenColor, color_similarity
from app.analysis.local.embedder_errors import BadEmbedder
from app.analysis.local.eyes import LocalEyes
from app.analysis.local.leading import MODEL_ALONE, OURS_ALONE, lead_alone, led, part_for_model, without_lead
from app.analysis.local.matching import verify
from app.analysis.local.model_folder import ModelFolders, model_folders
from app.analysis.local.onnx_embedder import OnnxEmbedder
from app.analysis.local.quality import PictureQuality, picture_quality
from app.analysis.local.screening import glance
from app.analysis.local.seen import Seen
from app.analysis.local.teaching import Taught, Teaching, TeachingMismatch
from app.analysis.local.text_model import TextModel
from app.analysis.local.threads import see_in_one_thread

EMBEDDER_NAME = "akin-local/2"

__all__ = [
    "CHANNELS",
    "EMBEDDER_NAME",
    "MODEL_ALONE",
    "OURS_ALONE",
    "BadEmbedder",
    "LocalEyes",
    "ModelFolders",
    "OnnxEmbedder",
    "PictureQuality",
    "Seen",
    "SeenColor",
    "Taught",
    "Teaching",
    "TeachingMismatch",
    "TextModel",
    "channel_similarities",
    "color_similarity",
    "glance",
    "lead_alone",
    "led",
    "look_score",
    "model_folders",
    "part_for_model",
    "picture_quality",
    "see_in_one_thread",
    "verify",
    "without_lead",
]
