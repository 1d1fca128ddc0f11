"""Which generation comes back when the present one has to go."""

from collections.abc import Iterable

from app.catalog.errors import GenerationNotFound
from app.catalog.model import Generation, GenerationState


def before_published(generations: Iterable[Generation]) -> Generation:
    """The retired generation that was published last. Raises GenerationNotFound when there is none."""
    retired = [one for one in generations if one.state is GenerationState.RETIRED]
    if not retired:
        raise GenerationNotFound("There is no earlier generation to go back to.", fix="Load a feed instead.")
    return max(retired, key=lambda one: (one.published_at or one.created_at, one.id))
