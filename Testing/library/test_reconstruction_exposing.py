"""Patients with more or less tissue here and there."""

import numpy as np
import pytest
import torch

from xray3d.datasets.draws import Draws
from xray3d.reconstruction.exposing import otherwise_thick

SHAPE = (400, 96, 80)


@pytest.fixture(scope="module")
def factors():
    """What line integrals of soft tissue and of bone were multiplied with."""
    soft, bone = torch.full(SHAPE, 4.0), torch.full(SHAPE, 0.5)
    more_soft, more_bone = otherwise_thick(soft, bone, Draws(len(soft), torch.Generator().manual_seed(0)))
    return more_soft / soft, more_bone / bone


def test_bone_is_denser_or_less_dense_all_over(factors):
    _, bone = factors
    torch.testing.assert_close(bone, bone[:, :1, :1].expand(SHAPE))
    assert bone[:, 0, 0].log().std() == pytest.approx(0.3, rel=0.1)
    assert abs(bone[:, 0, 0].log().mean()) < 0.05


def test_soft_tissue_differs_much_over_the_image_and_little_from_pixel_to_pixel(factors):
    soft = factors[0].log()
    assert 0.02 < soft.std() < 0.12
    assert (soft[:, 1:] - soft[:, :-1]).std() < 0.2 * soft.std()
    assert (soft[:, 48:] - soft[:, :48]).std() > 0.7 * soft.std()


def test_where_there_is_nothing_nothing_is_made():
    nothing = torch.zeros(2, 40, 40)
    for more in otherwise_thick(nothing, nothing, Draws(2, torch.Generator().manual_seed(0))):
        np.testing.assert_array_equal(more, nothing)
