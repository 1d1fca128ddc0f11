"""The CatalogWriter port and publishing: the life of a generation."""

import numpy as np
import pytest

from app.catalog import (
    Channel,
    EmbeddingMismatch,
    GenerationConflict,
    GenerationNotFound,
    GenerationState,
    ImageEvidence,
    Product,
    ProductImage,
    Query,
    QueryVector,
    VerificationFailed,
)
from tests.builders import a_product, a_vector, evidence
from tests.contracts.conftest import DIMS, EMBEDDER, Engine

pytestmark = pytest.mark.anyio


def with_vector(product_id: str, values: list[float]) -> Product:
    """A product whose picture has this very vector."""
    vector = np.array(values + [0.0] * (DIMS - len(values)), dtype=np.float32)
    return a_product(product_id, images=(ProductImage("u", product_id * 4, ImageEvidence(EMBEDDER, vector)),))


async def test_the_life_of_a_generation(engine: Engine) -> None:
    begun = await engine.begin(source="feed-1")
    assert (begun.state, begun.products, begun.images, begun.published_at) == (GenerationState.LOADING, 0, 0, None)
    assert (begun.embedder, begun.dims, begun.source, begun.holder) == (EMBEDDER, DIMS, "feed-1", "tester")
    await engine.writer.add(begun.id, [a_product("p1", seed=1), a_product("p2", images=())])
    verified = await engine.writer.verify(begun.id, expected_products=2)
    assert (verified.id, verified.state) == (begun.id, GenerationState.VERIFIED)
    engine.clock.advance(5)
    published = await engine.catalog.publish(begun.id)
    assert (published.state, published.products, published.images) == (GenerationState.PUBLISHED, 2, 1)
    assert published.created_at == begun.created_at
    assert published.published_at == engine.clock.time
    assert (await engine.catalog.snapshot()).generation == published
    assert await engine.catalog.generations() == [published]
    assert await engine.writer.last_change() == engine.clock.time


async def test_nothing_loaded_is_searchable_before_it_is_published(shop: Engine) -> None:
    before = await shop.catalog.snapshot()
    begun = await shop.begin()
    await shop.writer.add(begun.id, [a_product("n1", seed=1, title="Zeppelin"), a_product("p1", title="Changed")])
    await shop.writer.verify(begun.id, expected_products=2)
    assert await shop.ids() == ["p1", "p2", "p3"]
    snapshot = await shop.catalog.snapshot()
    assert (await snapshot.retrieve(Query(text="zeppelin"))).items == ()
    assert (await snapshot.products(["p1"]))[0].title == "Velvet armchair p1"
    await shop.catalog.publish(begun.id)
    assert await shop.ids() == ["n1", "p1"]
    # The search that began before goes on with what it began with.
    assert [item.product_id for item in (await before.retrieve(Query())).items] == ["p1", "p2", "p3"]
    assert [product.id for product in await before.products(["p2"])] == ["p2"]
    assert before.generation.id != begun.id


async def test_rollback_brings_the_retired_generation_back_as_it_was(shop: Engine) -> None:
    (first,) = await shop.catalog.generations()
    await shop.catalog.put(a_product("live"))
    second = await shop.publish(a_product("n1"))
    await shop.catalog.put(a_product("n2"))
    shop.clock.advance(1)
    assert (await shop.catalog.publish(first.id)).state is GenerationState.PUBLISHED
    assert await shop.ids() == ["live", "p1", "p2", "p3"]
    states = {found.id: found.state for found in await shop.catalog.generations()}
    assert states == {first.id: GenerationState.PUBLISHED, second.id: GenerationState.RETIRED}
    await shop.catalog.publish(second.id)
    assert await shop.ids() == ["n1", "n2"]


async def test_a_version_is_searched_before_it_is_published_and_after_it_was_retired(shop: Engine) -> None:
    (first,) = await shop.catalog.generations()
    begun = await shop.begin()
    with pytest.raises(GenerationConflict):
        await shop.catalog.snapshot_of(begun.id)
    await shop.writer.add(begun.id, [a_product("n1", seed=1, title="Zeppelin"), a_product("p1", title="Changed")])
    await shop.writer.attach(begun.id, "teaching", b"of the new one")
    verified = await shop.writer.verify(begun.id, expected_products=2)
    tried = await shop.catalog.snapshot_of(begun.id)
    assert tried.generation == verified
    assert [item.product_id for item in (await tried.retrieve(Query())).items] == ["n1", "p1"]
    assert [item.product_id for item in (await tried.retrieve(Query(text="zeppelin"))).items] == ["n1"]
    own = QueryVector(EMBEDDER, a_vector(1))
    assert (await tried.retrieve(Query(vector=own))).items[0].product_id == "n1"
    assert (await tried.products(["p1"]))[0].title == "Changed"
    assert (await tried.evidence([("n1", 0)]))[0] is not None
    assert (await tried.count()).products == 2
    assert await tried.artifact("teaching") == b"of the new one"
    assert await shop.ids() == ["p1", "p2", "p3"]
    assert (await shop.catalog.snapshot()).generation.id == first.id
    await shop.catalog.publish(begun.id)
    before = await shop.catalog.snapshot_of(first.id)
    assert (before.generation.id, before.generation.state) == (first.id, GenerationState.RETIRED)
    assert [item.product_id for item in (await before.retrieve(Query())).items] == ["p1", "p2", "p3"]
    assert await before.artifact("teaching") is None
    assert await shop.ids() == ["n1", "p1"]


async def test_the_published_version_is_named_like_any_other_and_has_its_live_changes(shop: Engine) -> None:
    (published,) = await shop.catalog.generations()
    await shop.catalog.put(a_product("live"))
    named = await shop.catalog.snapshot_of(published.id)
    assert (named.generation.id, named.generation.state) == (published.id, GenerationState.PUBLISHED)
    assert [item.product_id for item in (await named.retrieve(Query())).items] == ["live", "p1", "p2", "p3"]


async def test_what_is_not_kept_cannot_be_searched(shop: Engine) -> None:
    with pytest.raises(GenerationNotFound):
        await shop.catalog.snapshot_of("no-such-generation")
    verified = await shop.load(a_product("n1"))
    await shop.writer.abandon(verified.id)
    with pytest.raises(GenerationConflict):
        await shop.catalog.snapshot_of(verified.id)


async def test_generations_come_newest_first(engine: Engine) -> None:
    made = []
    for number in range(3):
        made.append((await engine.publish(a_product(f"p{number}"))).id)
    assert [found.id for found in await engine.catalog.generations()] == made[::-1]


async def test_publish_refuses_what_is_not_ready(engine: Engine) -> None:
    with pytest.raises(GenerationNotFound):
        await engine.catalog.publish("no-such-generation")
    begun = await engine.begin()
    with pytest.raises(GenerationConflict):
        await engine.catalog.publish(begun.id)
    await engine.writer.abandon(begun.id)
    with pytest.raises(GenerationConflict):
        await engine.catalog.publish(begun.id)
    published = await engine.publish(a_product())
    with pytest.raises(GenerationConflict):
        await engine.catalog.publish(published.id)
    assert await engine.ids() == ["p1"]


async def test_every_method_says_when_the_generation_is_not_there(engine: Engine) -> None:
    writer, missing = engine.writer, "no-such-generation"
    for call in (
        writer.add(missing, [a_product()]),
        writer.content_hashes(missing),
        writer.carry_over(missing, ["p1"]),
        writer.known_evidence(missing, ["ab"]),
        writer.examples(missing, 3),
        writer.attach(missing, "x", b""),
        writer.verify(missing, expected_products=0),
        writer.abandon(missing),
    ):
        with pytest.raises(GenerationNotFound):
            await call


async def test_only_one_load_at_a_time_and_the_holder_is_named(engine: Engine) -> None:
    await engine.begin()
    other = engine.new_writer()
    engine.clock.advance(59)
    with pytest.raises(GenerationConflict, match="tester"):
        await other.begin(embedder=EMBEDDER, dims=DIMS, source="feed", holder="other")
    with pytest.raises(GenerationConflict, match="tester"):
        await other.resume(embedder=EMBEDDER, source="feed", holder="other")


async def test_every_call_keeps_a_load_alive(shop: Engine) -> None:
    begun = await shop.begin()
    other = shop.new_writer()
    for call in (
        lambda: shop.writer.add(begun.id, [a_product("n1")]),
        lambda: shop.writer.content_hashes(begun.id),
        lambda: shop.writer.carry_over(begun.id, ["p1"]),
        lambda: shop.writer.known_evidence(begun.id, []),
        lambda: shop.writer.examples(begun.id, 1),
        lambda: shop.writer.attach(begun.id, "x", b"y"),
    ):
        shop.clock.advance(50)
        await call()
        shop.clock.advance(50)
        with pytest.raises(GenerationConflict):
            await other.begin(embedder=EMBEDDER, dims=DIMS, source="feed", holder="other")
        await call()


async def test_a_dead_load_is_resumed_with_all_that_was_added(engine: Engine) -> None:
    begun = await engine.begin(source="feed-1")
    await engine.writer.add(begun.id, [a_product("p1", seed=1), a_product("p2", seed=2)])
    engine.clock.advance(61)
    other = engine.new_writer()
    assert await other.resume(source="feed-2", embedder=EMBEDDER, holder="other") is None
    assert await other.resume(source="feed-1", embedder="other/1", holder="other") is None
    resumed = await other.resume(source="feed-1", embedder=EMBEDDER, holder="other")
    assert resumed is not None
    assert (resumed.id, resumed.products, resumed.images, resumed.holder) == (begun.id, 2, 2, "other")
    assert await other.content_hashes(begun.id) == {"p1": "hash-p1", "p2": "hash-p2"}
    await other.add(begun.id, [a_product("p3", seed=3)])
    await other.verify(begun.id, expected_products=3)
    await engine.catalog.publish(begun.id)
    assert await engine.ids() == ["p1", "p2", "p3"]


async def test_a_loader_taken_for_dead_cannot_write_into_what_was_taken_over(engine: Engine) -> None:
    begun = await engine.begin()
    engine.clock.advance(61)
    other = engine.new_writer()
    assert await other.resume(source="feed", embedder=EMBEDDER, holder="other") is not None
    for call in (
        engine.writer.add(begun.id, [a_product()]),
        engine.writer.carry_over(begun.id, ["p1"]),
        engine.writer.attach(begun.id, "x", b""),
        engine.writer.verify(begun.id, expected_products=0),
    ):
        with pytest.raises(GenerationConflict):
            await call
    assert await other.content_hashes(begun.id) == {}


async def test_a_new_load_abandons_a_dead_one(engine: Engine) -> None:
    dead = await engine.begin()
    await engine.writer.add(dead.id, [a_product()])
    engine.clock.advance(61)
    assert await engine.new_writer().resume(source="another", embedder=EMBEDDER, holder="x") is None
    await engine.publish(a_product("p2"))
    states = {found.id: found.state for found in await engine.catalog.generations()}
    assert states[dead.id] is GenerationState.ABANDONED
    assert await engine.ids() == ["p2"]
    assert await engine.writer.prune(keep=5) == [dead.id]


async def test_nothing_to_resume(engine: Engine) -> None:
    assert await engine.writer.resume(source="feed", embedder=EMBEDDER, holder="x") is None
    await engine.publish(a_product())
    assert await engine.writer.resume(source="feed", embedder=EMBEDDER, holder="x") is None


async def test_add_replaces_and_takes_all_or_nothing(engine: Engine) -> None:
    begun = await engine.begin()
    await engine.writer.add(begun.id, [a_product("p1"), a_product("p1", content_hash="second")])
    assert await engine.writer.content_hashes(begun.id) == {"p1": "second"}
    await engine.writer.add(begun.id, [a_product("p1", content_hash="third"), a_product("p2")])
    wrong = a_product("p4", images=(ProductImage("u", "aa", evidence(embedder="other/1")),))
    with pytest.raises(EmbeddingMismatch):
        await engine.writer.add(begun.id, [a_product("p3"), wrong])

    def breaks() -> object:
        yield a_product("p5")
        raise OSError("the feed ended in the middle")

    with pytest.raises(OSError, match="the feed ended"):
        await engine.writer.add(begun.id, breaks())  # type: ignore[arg-type]
    assert await engine.writer.content_hashes(begun.id) == {"p1": "third", "p2": "hash-p2"}
    await engine.writer.add(begun.id, [])
    await engine.writer.verify(begun.id, expected_products=2)
    with pytest.raises(GenerationConflict):
        await engine.writer.add(begun.id, [a_product("p9")])


async def test_live_changes_during_a_load_win_whatever_its_feed_says(shop: Engine) -> None:
    begun = await shop.begin()
    await shop.writer.add(begun.id, [a_product("p1", title="Feed"), a_product("p2", title="Feed"), a_product("x")])
    await shop.catalog.put(a_product("p1", seed=77, title="Live one"))
    await shop.catalog.put(a_product("new", seed=78, title="Live new"))
    await shop.catalog.delete("p2")
    await shop.catalog.delete("p3")
    await shop.writer.add(begun.id, [a_product("p1", title="Feed again"), a_product("p3", title="Feed")])
    await shop.writer.verify(begun.id, expected_products=4)
    await shop.catalog.put(a_product("p3", seed=79, title="Live again"))
    await shop.catalog.publish(begun.id)
    assert await shop.ids() == ["new", "p1", "p3", "x"]
    snapshot = await shop.catalog.snapshot()
    titles = [product.title for product in await snapshot.products(["p1", "new", "p3"])]
    assert titles == ["Live one", "Live new", "Live again"]
    for seed, product_id in ((77, "p1"), (78, "new"), (79, "p3")):
        items = (await snapshot.retrieve(Query(vector=QueryVector(EMBEDDER, a_vector(seed))))).items
        assert items[0].product_id == product_id
    by_text = (await snapshot.retrieve(Query(text="live"))).items
    assert {item.product_id for item in by_text} == {"p1", "new", "p3"}


async def test_live_changes_of_two_publishes_ago_reach_a_generation_that_waited(shop: Engine) -> None:
    waiting = await shop.load(a_product("p1", title="Waiting"))
    await shop.catalog.put(a_product("live1", seed=11))
    await shop.catalog.put(a_product("live2", seed=12))
    await shop.publish(a_product("p1"), a_product("live2"))
    await shop.catalog.delete("live2")
    await shop.catalog.put(a_product("live3", seed=13))
    assert await shop.writer.prune(keep=0) == []  # live1 is nowhere else
    await shop.catalog.publish(waiting.id)
    assert await shop.ids() == ["live1", "live3", "p1"]
    assert len(await shop.writer.prune(keep=0)) == 2


async def test_a_live_change_reaches_a_generation_of_another_embedder_with_the_evidence_that_knows_it(
    shop: Engine,
) -> None:
    begun = await shop.begin(embedder="other/2", dims=8)
    picture = ProductImage("u", "cc" * 32, evidence(5, dims=8, embedder="other/2"))
    await shop.writer.add(begun.id, [a_product("p1", images=(picture,))])
    await shop.catalog.put(a_product("p1", title="Live", images=(ProductImage("u", "cc" * 32, evidence(6)),)))
    await shop.catalog.put(a_product("p2", title="Live"))
    await shop.writer.verify(begun.id, expected_products=1)
    await shop.catalog.publish(begun.id)
    snapshot = await shop.catalog.snapshot()
    assert [product.title for product in await snapshot.products(["p1", "p2"])] == ["Live", "Live"]
    answer = await snapshot.retrieve(Query(vector=QueryVector("other/2", a_vector(5, 8))))
    assert [item.product_id for item in answer.items] == ["p1"]
    assert answer.items[0].signals[Channel.LOOK] == pytest.approx(1.0, abs=1e-3)


async def test_carry_over_copies_products_with_their_evidence(shop: Engine) -> None:
    begun = await shop.begin()
    await shop.writer.add(begun.id, [a_product("p2", title="Overwritten", content_hash="x")])
    assert await shop.writer.carry_over(begun.id, ["p1", "p2", "nobody"]) == 2
    assert await shop.writer.content_hashes(begun.id) == {"p1": "hash-p1", "p2": "hash-p2"}
    await shop.writer.verify(begun.id, expected_products=2)
    await shop.catalog.publish(begun.id)
    snapshot = await shop.catalog.snapshot()
    assert [product.title for product in await snapshot.products(["p1", "p2"])] == [
        "Velvet armchair p1",
        "Velvet armchair p2",
    ]
    items = (await snapshot.retrieve(Query(vector=QueryVector(EMBEDDER, a_vector(1)), text="velvet"))).items
    assert [item.product_id for item in items] == ["p1", "p2"]
    assert items[0].signals[Channel.LOOK] == pytest.approx(1.0, abs=1e-3)
    assert items[0].signals[Channel.TEXT] > 0


async def test_carry_over_copies_nothing_from_another_embedder_or_from_nothing(engine: Engine) -> None:
    first = await engine.begin()
    assert await engine.writer.carry_over(first.id, ["p1"]) == 0
    await engine.writer.abandon(first.id)
    await engine.publish(a_product("p1"))
    other = await engine.begin(embedder="other/2")
    assert await engine.writer.carry_over(other.id, ["p1"]) == 0
    assert await engine.writer.content_hashes(other.id) == {}


async def test_known_evidence_is_of_the_same_bytes_and_the_same_embedder(shop: Engine) -> None:
    begun = await shop.begin()
    picture = ProductImage("u", "cd" * 32, evidence(42))
    await shop.writer.add(begun.id, [a_product("n1", images=(picture, ProductImage("v", "", evidence(43))))])
    known = await shop.writer.known_evidence(begun.id, ["cd" * 32, "ab" * 32, "00" * 32, ""])
    assert set(known) == {"cd" * 32, "ab" * 32}
    np.testing.assert_allclose(known["cd" * 32].embedding, a_vector(42), atol=1e-3)
    assert known["cd" * 32].colors == evidence(42).colors
    await shop.writer.abandon(begun.id)
    other = await shop.begin(embedder="other/2")
    assert await shop.writer.known_evidence(other.id, ["ab" * 32]) == {}


async def test_examples_are_spread_over_the_generation(engine: Engine) -> None:
    begun = await engine.begin()
    assert await engine.writer.examples(begun.id, 5) == []
    products = [a_product(f"p{number:03d}", seed=number) for number in range(100)]
    await engine.writer.add(begun.id, [*products, a_product("bare", images=())])
    examples = await engine.writer.examples(begun.id, 10)
    places = sorted(int(product.id[1:]) for product, _ in examples)
    assert len(places) == 10
    assert max(places) - min(places) >= 80
    for product, seen in examples:
        assert [entry.embedder for entry in seen] == [EMBEDDER]
        np.testing.assert_allclose(seen[0].embedding, a_vector(int(product.id[1:])), atol=1e-3)
    assert len(await engine.writer.examples(begun.id, 1_000)) == 100
    assert await engine.writer.examples(begun.id, 0) == []


async def test_artifacts_belong_to_their_generation(engine: Engine) -> None:
    begun = await engine.begin()
    await engine.writer.attach(begun.id, "teaching", b"first")
    await engine.writer.attach(begun.id, "teaching", b"\x00second\xff")
    await engine.writer.verify(begun.id, expected_products=0)
    await engine.writer.attach(begun.id, "late", b"")
    await engine.catalog.publish(begun.id)
    snapshot = await engine.catalog.snapshot()
    assert [await snapshot.artifact(name) for name in ("teaching", "late", "none")] == [b"\x00second\xff", b"", None]
    with pytest.raises(GenerationConflict):
        await engine.writer.attach(begun.id, "teaching", b"too late")
    await engine.publish(a_product())
    assert await (await engine.catalog.snapshot()).artifact("teaching") is None
    assert await snapshot.artifact("teaching") == b"\x00second\xff"


@pytest.mark.parametrize("expected", [1, 3])
async def test_verify_counts(engine: Engine, expected: int) -> None:
    begun = await engine.begin()
    await engine.writer.add(begun.id, [a_product("p1"), a_product("p2")])
    with pytest.raises(VerificationFailed, match=rf"2 products.* {expected} "):
        await engine.writer.verify(begun.id, expected_products=expected)
    (kept,) = await engine.catalog.generations()
    assert kept.state is GenerationState.LOADING
    assert (await engine.writer.verify(begun.id, expected_products=2)).state is GenerationState.VERIFIED


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
async def test_verify_refuses_vectors_that_are_not_finite(engine: Engine, bad: float) -> None:
    begun = await engine.begin()
    await engine.writer.add(begun.id, [a_product("p1"), with_vector("p2", [bad])])
    with pytest.raises(VerificationFailed, match=r"1 of 2 .*not finite"):
        await engine.writer.verify(begun.id, expected_products=2)
    await engine.writer.add(begun.id, [a_product("p2")])
    assert (await engine.writer.verify(begun.id, expected_products=2)).state is GenerationState.VERIFIED


async def test_verify_refuses_pictures_that_do_not_find_themselves(engine: Engine) -> None:
    begun = await engine.begin()
    await engine.writer.add(begun.id, [with_vector(f"p{number}", [0.0]) for number in range(20)])
    with pytest.raises(VerificationFailed, match="own picture"):
        await engine.writer.verify(begun.id, expected_products=20)


async def test_verify_accepts_many_pictures_that_look_the_same(engine: Engine) -> None:
    await engine.publish(*(a_product(f"p{number:02d}", seed=1) for number in range(60)))
    assert len(await engine.ids()) == 60


async def test_a_load_without_any_picture_can_be_published(engine: Engine) -> None:
    await engine.publish(*(a_product(f"p{number}", images=()) for number in range(3)))
    assert await engine.ids() == ["p0", "p1", "p2"]


async def test_abandon_frees_and_is_harmless_twice(shop: Engine) -> None:
    (published,) = await shop.catalog.generations()
    begun = await shop.begin()
    await shop.writer.add(begun.id, [a_product("n1", seed=9)])
    await shop.writer.abandon(begun.id)
    await shop.writer.abandon(begun.id)
    with pytest.raises(GenerationConflict):
        await shop.writer.add(begun.id, [a_product("n2")])
    with pytest.raises(GenerationConflict):
        await shop.writer.abandon(published.id)
    assert await shop.ids() == ["p1", "p2", "p3"]
    verified = await shop.load(a_product("n3"))
    await shop.new_writer().abandon(verified.id)
    assert await shop.writer.prune(keep=0) == [verified.id, begun.id]
    assert await shop.catalog.generations() == [published]


async def test_prune_keeps_the_newest_retired_and_all_that_is_in_use(engine: Engine) -> None:
    made = []
    for number in range(4):
        made.append((await engine.publish(a_product(f"p{number}", seed=number))).id)
    loading = await engine.begin()
    assert await engine.writer.prune(keep=3) == []
    assert await engine.writer.prune(keep=1) == [made[1], made[0]]
    assert [found.id for found in await engine.catalog.generations()] == [loading.id, made[3], made[2]]
    with pytest.raises(GenerationNotFound):
        await engine.catalog.publish(made[0])
    assert await engine.ids() == ["p3"]
    await engine.catalog.publish(made[2])
    assert await engine.ids() == ["p2"]


async def test_prune_keeps_evidence_that_is_still_shown(engine: Engine) -> None:
    await engine.publish(a_product("p1", seed=1))
    begun = await engine.begin()
    await engine.writer.carry_over(begun.id, ["p1"])
    await engine.writer.verify(begun.id, expected_products=1)
    await engine.catalog.publish(begun.id)
    assert len(await engine.writer.prune(keep=0)) == 1
    (seen,) = await (await engine.catalog.snapshot()).evidence([("p1", 0)])
    assert seen is not None
    np.testing.assert_allclose(seen.embedding, a_vector(1), atol=1e-3)


async def test_last_change_follows_put_delete_and_publish(shop: Engine) -> None:
    for change in (
        lambda: shop.catalog.put(a_product("p9")),
        lambda: shop.catalog.delete("p9"),
        lambda: shop.publish(a_product("p1")),
    ):
        shop.clock.advance(100)
        await change()
        assert await shop.writer.last_change() == shop.clock.time
    before = shop.clock.time
    shop.clock.advance(100)
    await shop.load(a_product("p1"))
    assert await shop.writer.last_change() == before
