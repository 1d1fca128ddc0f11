"""Every design can be drawn: closed solids, inside the unit box, the same every time. Needs the demo extra, but no
renderer."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("trimesh", reason="drawing designs needs the demo extra: pip install 'akin[demo]'")

from demo_shop import colors, geometry, shop
from demo_shop.designs import NOT_SOLD, SOLD
from demo_shop.materials import surface
from demo_shop.model import Draw, Part, ProductType, fit, seeded
from demo_shop.shading import corners

TYPES = [*SOLD, *NOT_SOLD]


def drawn(kind: ProductType, seed: int, index: int) -> list[Part]:
    return fit(kind.draw(Draw(seeded("test", seed, kind.word, index), index)))


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.word)
def test_parts_are_closed_solids_in_the_unit_box(kind: ProductType) -> None:
    for index in range(6):
        parts = drawn(kind, 11, index)
        low = np.min([part.mesh.bounds[0] for part in parts], axis=0)
        high = np.max([part.mesh.bounds[1] for part in parts], axis=0)
        assert (high - low).max() == pytest.approx(1.0), (kind.word, index)
        assert low[2] == pytest.approx(0.0, abs=1e-9), (kind.word, index)
        for part in parts:
            assert part.mesh.is_watertight, (kind.word, index, part.slot)
            assert part.slot in kind.slots, (kind.word, index, part.slot)


@pytest.mark.parametrize("kind", SOLD, ids=lambda kind: kind.word)
def test_drawing_is_deterministic_and_seeds_differ(kind: ProductType) -> None:
    def outline(seed: int) -> list[float]:
        return [float(part.mesh.volume) for part in drawn(kind, seed, 2)]

    assert outline(3) == outline(3)
    assert any(outline(3) != outline(seed) for seed in (4, 5))


def test_designs_of_a_type_differ_from_one_another() -> None:
    for kind in SOLD:
        volumes = {tuple(round(float(part.mesh.volume), 7) for part in drawn(kind, 1, k)) for k in range(kind.designs)}
        assert len(volumes) == kind.designs, kind.word


def test_normals_are_unit_length_and_texture_coordinates_finite() -> None:
    for kind in SOLD:
        for part in drawn(kind, 5, 1):
            shaded = corners(part)
            assert np.allclose(np.linalg.norm(shaded.normals, axis=1), 1.0, atol=1e-6)
            assert np.isfinite(shaded.uv).all()


def test_variants_of_a_design_can_be_told_apart() -> None:
    for design in shop.designs(1):
        names = [product.main.color for product in shop.variants(design)]
        for one in names:
            assert all(one == other or colors.distance(one, other) >= 28 for other in names), design.group


def test_shops_of_two_seeds_share_no_id() -> None:
    ours = {product.id for design in shop.designs(1) for product in shop.variants(design)}
    theirs = {product.id for design in shop.designs(7, 50) for product in shop.variants(design)}
    assert not ours & theirs


def test_a_shop_of_n_designs_has_n_designs() -> None:
    for total in (1, 25, 300):
        assert len(shop.designs(7, total)) == total
    assert {design.type.word for design in shop.designs(7, 10, ["mug"])} == {"mug"}


def test_finishes_paint_the_same_picture_twice() -> None:
    finish = shop.variants(shop.designs(1)[0])[0].main
    assert np.array_equal(surface(finish).picture, surface(finish).picture)


def test_a_vessel_is_hollow() -> None:
    full = geometry.lathe([(0, 0), (1, 0), (1, 2), (0, 2)])
    pot = geometry.vessel([(1, 0), (1, 2)], 0.1)
    assert 0 < pot.volume < 0.4 * full.volume
