"""What state the generations are in, and what to do about each that waits for somebody. Pure but for asking whether a
loader of this machine still runs."""

from collections.abc import Sequence

from app.catalog import Generation, GenerationState, has_ended

SAY_PROGRAM = "catalog-loader "


def advice(found: Sequence[Generation]) -> list[str]:
    """What to do now, in sentences: one for each generation that a crash or a stop left behind, then the whole."""
    said = [line for generation in found if (line := waits_for(generation))]
    if not any(generation.state is GenerationState.PUBLISHED for generation in found):
        return [*said, "Nothing is published. Load a feed: catalog-loader load FEED"]
    if not any(generation.state is GenerationState.LOADING for generation in found):
        said.append("No load is running.")
    if any(generation.state is GenerationState.RETIRED for generation in found):
        said.append("To go back to the generation before: catalog-loader rollback")
    return said


def waits_for(generation: Generation) -> str:
    """What is to be done about one generation; "" when nothing is."""
    match generation.state:
        case GenerationState.LOADING if has_ended(generation.holder):
            return (
                f"{generation.id}: its loader has ended before its time. Run `{_command(generation)}` again: it goes on"
                f" after {generation.products:,} products. The next load of another feed gives them up."
            )
        case GenerationState.LOADING:
            return (
                f"{generation.id}: being loaded by {generation.holder}. If that program has ended, run"
                f" `{_command(generation)}` again: it goes on after {generation.products:,} products."
            )
        case GenerationState.VERIFIED:
            return (
                f"{generation.id}: loaded and verified, but not published. Run `{_command(generation)}` again, or"
                " publish it with `akin generations publish`, or give it up with `akin generations abandon`."
            )
        case GenerationState.ABANDONED:
            return f"{generation.id}: given up. The next load frees its space; `akin generations prune` does it now."
        case _:
            return ""


def generation_json(generation: Generation) -> dict[str, object]:
    """The generation as plain values under stable names. holder_ended: true where its loader is known to have ended."""
    loading = generation.state is GenerationState.LOADING
    return {
        "id": generation.id,
        "state": generation.state.value,
        "created_at": generation.created_at.isoformat(),
        "published_at": generation.published_at.isoformat() if generation.published_at else None,
        "embedder": generation.embedder,
        "products": generation.products,
        "images": generation.images,
        "source": generation.source,
        "holder": generation.holder,
        "holder_ended": loading and has_ended(generation.holder),
        "advice": waits_for(generation) or None,
    }


def _command(generation: Generation) -> str:
    """What was typed to begin the load, as far as its holder tells."""
    at = generation.holder.find(SAY_PROGRAM)
    return generation.holder[at:] if at >= 0 else "catalog-loader load FEED"
