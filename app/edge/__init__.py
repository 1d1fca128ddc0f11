"""What the HTTP interface and the pages share: errors, uploads, limits, health, dependencies."""

from app.edge.addresses import MEDIA_PATH, image_address, web_address
from app.edge.deadline import Deadline
from app.edge.deps import (
    CatalogDep,
    DecoderDep,
    DeskDep,
    EvaluationsDep,
    EventsDep,
    IntakeDep,
    JudgedDep,
    LimitsDep,
    LoadsDep,
    PhotosDep,
    SearchDep,
    UploadsDep,
    WriterDep,
)
from app.edge.errors import (
    BodyTimeout,
    BodyTooLarge,
    Busy,
    InvalidForm,
    InvalidJson,
    InvalidProduct,
    InvalidRequest,
    Overloaded,
    UnsupportedMediaType,
    status_for,
)
from app.edge.problems import MEDIA_TYPE, ProblemResponse, problem, problem_type, request_id_of
from app.edge.state import Limits, State
from app.edge.turns import Turns
from app.edge.uploads import Form, SavedForm, UploadBudget, read_form, save_form
from app.edge.wishes import FILTER_NAMES, filters_from, read_wishes, refuse_unknown
from app.edge.work import Work, WorkDep

__all__ = [
    "FILTER_NAMES",
    "MEDIA_PATH",
    "MEDIA_TYPE",
    "BodyTimeout",
    "BodyTooLarge",
    "Busy",
    "CatalogDep",
    "Deadline",
    "DecoderDep",
    "DeskDep",
    "EvaluationsDep",
    "EventsDep",
    "Form",
    "IntakeDep",
    "InvalidForm",
    "InvalidJson",
    "InvalidProduct",
    "InvalidRequest",
    "JudgedDep",
    "Limits",
    "LimitsDep",
    "LoadsDep",
    "Overloaded",
    "PhotosDep",
    "ProblemResponse",
    "SavedForm",
    "SearchDep",
    "State",
    "Turns",
    "UnsupportedMediaType",
    "UploadBudget",
    "UploadsDep",
    "Work",
    "WorkDep",
    "WriterDep",
    "filters_from",
    "image_address",
    "problem",
    "problem_type",
    "read_form",
    "read_wishes",
    "refuse_unknown",
    "request_id_of",
    "save_form",
    "status_for",
    "web_address",
]
