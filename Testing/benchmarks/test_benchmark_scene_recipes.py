"""The recipes that the ablation compares."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from xray3d.benchmarks.scene_coordinates.recipes import RECIPES, one_look, published_likelihood
from xray3d.datasets.appearance import random_looks
from xray3d.registration.scene_regression.losses import Target
from xray3d.registration.scene_regression.network import Prediction
from xray3d.registration.scene_regression.recipe import Recipe

MAPS = (4, 5)


def made(points, log_sigma, valid):
    prediction = Prediction(points, log_sigma, torch.zeros((1, *MAPS)))
    along = torch.zeros((1, 3, *MAPS))
    return prediction, Target(torch.zeros_like(points), valid, valid, along)


def test_the_published_likelihood_is_that_of_a_gaussian():
    """In three directions, of each point, where there is bone; least where the standard error is right."""
    rng = np.random.default_rng(0)
    points, log_sigma = (
        torch.from_numpy(rng.normal(size=(1, 6, *MAPS))),
        torch.from_numpy(rng.normal(size=(1, 4, *MAPS))),
    )
    valid = torch.from_numpy(rng.random((1, *MAPS)) < 0.5)
    expected = []
    for kind in (0, 1):
        normal = torch.distributions.Normal(0.0, torch.exp(log_sigma[:, 2 * kind]))
        each = -sum(normal.log_prob(points[:, 3 * kind + axis]) for axis in range(3))
        expected.append((each - 1.5 * np.log(2 * np.pi))[valid].mean())
    assert published_likelihood(*made(points, log_sigma, valid)) == pytest.approx(float(sum(expected)) / 2)


def test_one_look_is_always_the_same():
    soft, bone = torch.rand((2, 16, 16)), torch.rand((2, 16, 16))
    first, second = (one_look(soft, bone, torch.Generator().manual_seed(3), strength).images for strength in (0.0, 1.0))
    torch.testing.assert_close(first, second)
    torch.testing.assert_close(first, random_looks(soft, bone, torch.Generator().manual_seed(3), 0.0).images)


def test_recipes_differ_from_the_whole_method_as_they_say():
    assert RECIPES[0] == Recipe("all")
    assert len({recipe.name for recipe in RECIPES}) == len(RECIPES)
    changed = {
        recipe.name: {
            field.name for field in fields(recipe) if getattr(recipe, field.name) != getattr(RECIPES[0], field.name)
        }
        for recipe in RECIPES[1:]
    }
    assert changed == {
        "published form": {"name", "likelihood", "pose_weight", "compares"},
        "published likelihood": {"name", "likelihood"},
        "X-rays of one look": {"name", "appearance"},
        "no loss of the pose": {"name", "pose_weight"},
        "recognised, not compared": {"name", "compares"},
    }
    assert (
        replace(RECIPES[1], name="all", likelihood=RECIPES[0].likelihood, pose_weight=0.1, compares=True) == RECIPES[0]
    )
