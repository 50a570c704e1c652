"""Where to begin with an X-ray, and how its grey values are to be read."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from registration_support import CENTRE, FRONTAL, LATERAL, error_mm, patient
from scene_locating_support import Recognising, library, taken
from xray3d.registration.scene_regression.candidates import candidates
from xray3d.registration.scene_regression.observation import Shown, likeness_from, picture_of, show
from xray3d.registration.scene_regression.patient import PatientRenderer
from xray3d.registration.views import prepare_view


@cache
def renderer() -> PatientRenderer:
    return PatientRenderer(patient().ct, CENTRE, 250.0)


def shown(view) -> Shown:
    return show(picture_of(prepare_view(taken()[view], None), view), torch.device("cpu"))


def knows(*views) -> Recognising:
    network = Recognising()
    network.known = [known for known in network.known if any(same(known[0], shown(view).picture) for view in views)]
    return network


def same(first: torch.Tensor, second: torch.Tensor) -> bool:
    return first.shape == second.shape and torch.equal(first, second)


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize(
    ("view", "known", "off_mm"),
    [(FRONTAL, (), 25.0), (LATERAL, (LATERAL,), 0.5), (FRONTAL, (FRONTAL,), 0.5)],
    ids=["matched", "recognised beyond the range", "both"],
)
def test_the_likeliest_is_near_and_read_as_it_should_be(view, known, off_mm, inverted):
    given = shown(view)
    found = candidates(knows(*known), renderer(), library(), given.inverted if inverted else given)
    assert found.inverted == inverted
    nearest = min(error_mm([replace(view, extrinsic=one.extrinsic)], [view]) for one in found.projections)
    assert nearest < off_mm
    alike = likeness_from(renderer(), given, found.projections)
    assert alike[0] > 0.9 * alike.max()
    assert {one.size_px for one in found.projections} == {given.projection.size_px}


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
