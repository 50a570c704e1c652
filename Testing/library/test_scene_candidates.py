"""Where to begin with an X-ray, and how its grey values are to be read."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from registration_support import CENTRE, FRONTAL, LATERAL, error_mm, patient
from scene_locating_support import library, taken
from xray3d.registration.scene_regression.candidates import candidates
from xray3d.registration.scene_regression.observation import Shown, likeness_from, picture_of, show
from xray3d.registration.scene_regression.patient import PatientRenderer
from xray3d.registration.views import prepare_view


@cache
def renderer() -> PatientRenderer:
    return PatientRenderer(patient().ct, CENTRE, 250.0)


def shown(view) -> Shown:
    return show(picture_of(prepare_view(taken()[view], None), view), torch.device("cpu"))


@pytest.mark.parametrize("inverted", [False, True])
def test_the_likeliest_is_near_and_read_as_it_should_be(inverted):
    given = shown(FRONTAL)
    found = candidates(renderer(), library(), [given.inverted if inverted else given])
    assert found.inverted == (inverted,)
    projections = [views[0] for views in found.poses]
    nearest = min(error_mm([replace(FRONTAL, extrinsic=one.extrinsic)], [FRONTAL]) for one in projections[:8])
    assert nearest < 25.0
    alike = likeness_from(renderer(), given, projections)
    assert alike[0] > 0.9 * alike.max()
    assert {one.size_px for one in projections} == {given.projection.size_px}


@pytest.mark.parametrize("inverted", [(False, True), (True, False), (True, True)])
def test_one_xray_of_known_directions_says_how_another_is_to_be_read(inverted):
    """And where it is from: together they are moved as one."""
    views = (FRONTAL, LATERAL)
    given = [one.inverted if other_way else one for one, other_way in zip(map(shown, views), inverted, strict=True)]
    found = candidates(renderer(), library(), given)
    assert found.inverted == inverted
    between = LATERAL.extrinsic @ np.linalg.inv(FRONTAL.extrinsic)
    for first, second in found.poses:
        np.testing.assert_allclose(second.extrinsic, between @ first.extrinsic, atol=1e-6)
    nearest = min(
        error_mm([replace(own, extrinsic=one.extrinsic) for own, one in zip(views, pose, strict=True)], views)
        for pose in found.poses[:8]
    )
    assert nearest < 25.0


def test_an_xray_looks_most_like_the_ct_from_where_it_was_taken():
    given = shown(FRONTAL)
    turned = replace(given.projection, extrinsic=LATERAL.extrinsic)
    right, wrong, coarse = likeness_from(renderer(), given, [given.projection, turned, given.projection])
    assert right == coarse > 3 * abs(wrong)
    opposite = likeness_from(renderer(), given.inverted, [given.projection])
    torch.testing.assert_close(opposite, -right[None])


def test_inverted_twice_it_is_the_same():
    given = shown(FRONTAL)
    assert torch.equal(given.inverted.inverted.picture, given.picture)
    of_negative = show(picture_of(prepare_view(taken()[FRONTAL], None).inverted, FRONTAL), torch.device("cpu"))
    np.testing.assert_allclose(given.inverted.picture, of_negative.picture, atol=1e-4)
