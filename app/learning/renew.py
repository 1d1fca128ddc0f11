"""A new generation that is the published one in everything but what it teaches."""

from app.catalog import Catalog, CatalogWriter, Generation
from app.intake import ARTIFACT

AT_ONCE = 500


async def renewed(catalog: Catalog, writer: CatalogWriter, artifact: bytes, *, holder: str) -> Generation:
    """Carry every product over with its evidence, attach what was learned, verify and publish.

    The generation before stays beside it, so `akin generations rollback` undoes it; live changes meanwhile are in both.
    Pictures are not fetched again. Raises GenerationConflict while a load is alive, NothingPublished,
    VerificationFailed; then nothing was published, and the new generation is given up.
    """
    published = (await catalog.snapshot()).generation
    begun = await writer.begin(embedder=published.embedder, dims=published.dims, source=published.source, holder=holder)
    try:
        ids = sorted(await writer.content_hashes(published.id))
        carried = 0
        for start in range(0, len(ids), AT_ONCE):
            carried += await writer.carry_over(begun.id, ids[start : start + AT_ONCE])
        await writer.attach(begun.id, ARTIFACT, artifact)
        await writer.verify(begun.id, expected_products=carried)
        return await catalog.publish(begun.id)
    except BaseException:
        await writer.abandon(begun.id)
        raise
