"""X-rays that show a bone elsewhere than their geometry says are told from those that show it there."""

from dataclasses import replace

import numpy as np
import pytest

from reconstruction_support import spine, spine_views
from xray3d import XRayImage
from xray3d.reconstruction.agreement import agreement, disagreements
from xray3d.reconstruction.grid import GRID_SIZE_IJK, grid_about
from xray3d.reconstruction.reconstruct import Reconstruction
from xray3d.reconstruction.scenes import FRONTAL, LATERAL, OBJECT_PIXEL_MM

NUMBERS = (FRONTAL[0], LATERAL[0], LATERAL[1])


def bone(level="L3"):
    """As it is in truth."""
    to_ras = grid_about(spine().frames[level])
    return Reconstruction(spine_views().shapes[level].on(to_ras, GRID_SIZE_IJK).astype(np.float32), to_ras)


def xray(number, inverted=False):
    views = spine_views()
    pixels = views.integrals[number].astype(np.float32).sum(axis=0)
    return XRayImage(-pixels if inverted else pixels, views.projections[number], f"view {number}")


def moved(view, right_mm, down_mm):
    """With a geometry that says that everything lies so much farther to the right and down in the image."""
    return replace(view, projection=view.projection.perturbed([right_mm, down_mm, 0, 0, 0, 0]))


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("inverted", [False, True])
def test_a_bone_is_shown_where_it_is(number, inverted):
    found = agreement([bone()], xray(number, inverted))
    assert found.off_mm <= 2 * OBJECT_PIXEL_MM
    assert found.similarity > 0.3
    assert not found.doubt


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("off", [(10.0, 0.0), (0.0, -8.0), (6.0, 6.0)])
def test_how_far_off_a_geometry_is(number, off):
    found = agreement([bone()], moved(xray(number), *off))
    assert found.off_mm == pytest.approx(np.hypot(*off), abs=2.5)
    assert found.similarity > found.as_told


def test_the_xray_that_disagrees_is_named_and_no_other():
    bones = [bone("L2"), bone("L3")]
    right = [xray(number) for number in NUMBERS]
    wrong = [moved(right[0], 0.0, 12.0), *right[1:]]
    (sentence,) = disagreements([(one, wrong) for one in bones])
    assert sentence.startswith(f"{wrong[0].name} shows what was reconstructed about 1")
    assert sentence.endswith(".")
    assert disagreements([(one, right) for one in bones]) == []


def test_an_image_that_belongs_to_another_geometry_is_named():
    frontal, lateral = xray(NUMBERS[0]), xray(NUMBERS[1])
    swapped = [replace(frontal, pixels=lateral.pixels), replace(lateral, pixels=frontal.pixels)]
    sentences = disagreements([(bone(level), swapped) for level in ("L2", "L3", "L4")])
    assert [sentence.split(";")[0] for sentence in sentences] == [
        f"{one.name} hardly shows what was reconstructed" for one in swapped
    ]


def test_a_single_xray_and_nothing_reconstructed_cannot_disagree():
    off = moved(xray(NUMBERS[0]), 0.0, 12.0)
    nothing = replace(bone(), occupancy=np.zeros(GRID_SIZE_IJK[::-1], np.float32))
    assert disagreements([(bone(), [off])]) == []
    assert disagreements([(nothing, [off, xray(NUMBERS[1])])]) == []
