"""What is wrong with an embedding model."""

from app.errors import BadRequest


class BadEmbedder(BadRequest):
    """The files of an embedding model cannot serve."""

    code = "bad-embedder"
    title = "The embedder cannot be used"
