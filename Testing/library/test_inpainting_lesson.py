"""What the inpainting network is shown, and what it is told of its answers."""

from functools import cache

import numpy as np
import pytest
import torch

from xray3d.inpainting.gradient_domain import Gradients, differences
from xray3d.inpainting.lesson import InpaintingLesson, InpaintingMeasured
from xray3d.inpainting.losses import dice, false_share, finding_loss, inpainting_loss, psnr_in_holes
from xray3d.inpainting.network import ImplantNetwork, InpaintingNetwork, InpaintingNetworks
from xray3d.inpainting.pair_source import CROP_PX, PairSource
from xray3d.inpainting.scenes import ScenePool
from xray3d.models.training.course import Course
from xray3d.models.training.plan import TrainingPlan

COUNT = 6


@cache
def source() -> PairSource:
    """Made-up scenes: waves for a patient, bars for metal; and radiographs, of which one is narrow."""
    rng = np.random.default_rng(0)
    row, column = np.mgrid[:200, :200] / 40.0
    patient = 2 + np.sin(row + rng.random((4, 1, 1))) * np.cos(column)
    metal_mm = np.where(np.abs(column - 2.5) < 0.4, 5.0, 0.0) * np.ones((4, 1, 1))
    scenes = np.stack([patient, 0.3 * patient, patient - 0.05, 0.3 * patient, metal_mm], axis=1)
    radiographs = [rng.random(shape).astype(np.float32) for shape in ((180, 140), (160, 90))]
    return PairSource(ScenePool(scenes.astype(np.float16)), radiographs)


def batch(seed=0):
    return source().batch(COUNT, seed)


def test_a_batch_is_what_a_network_is_shown():
    shown = batch()
    for name, image in vars(shown).items():
        count = 2 * COUNT if name in ("levelled", "metal") else COUNT
        assert image.shape == (count, 1, CROP_PX, CROP_PX), name
        assert torch.isfinite(image).all(), name
    metal, none = shown.metal.chunk(2)
    assert not none.any()
    assert (shown.holes >= metal).all(), "holes are larger than the metal"
    grown = shown.holes.sum(dim=(1, 2, 3)) > 1.05 * metal.sum(dim=(1, 2, 3))
    assert grown[metal.amax((1, 2, 3)) > 0].all()
    outside = shown.holes == 0
    assert torch.equal(shown.filled[outside], shown.images[outside])
    spread = [image[mask].std().item() for image, mask in zip(shown.images, outside, strict=True)]
    assert min(spread) > 0.01
    assert shown.images[outside].quantile(0.02) > -1
    assert shown.images[outside].quantile(0.98) < 2


def test_the_same_seed_gives_the_same_batch():
    first, again, other = batch(3), batch(3), batch(4)
    assert all(torch.equal(a, b) for a, b in zip(vars(first).values(), vars(again).values(), strict=True))
    assert not torch.equal(first.images, other.images)


def guess(shown, clean, sigma=0.1):
    mean = differences(clean)
    return Gradients(mean, torch.full_like(mean, np.log(sigma)))


def noisy(shown, noise):
    return shown.truth + noise * torch.randn(shown.truth.shape, generator=torch.Generator().manual_seed(0))


def test_the_truth_is_best_and_nearer_is_better():
    shown = batch()
    losses = [inpainting_loss(guess(shown, noisy(shown, noise)), shown).item() for noise in (0.0, 0.01, 0.1)]
    assert losses == sorted(losses)
    dbs = [psnr_in_holes(shown.truth + off * shown.holes, shown).mean().item() for off in (1e-4, 0.01, 0.1)]
    assert dbs == sorted(dbs, reverse=True)
    assert dbs[1] - dbs[2] == pytest.approx(20, abs=1e-3)


def test_what_is_outside_holes_is_no_error():
    shown = batch()
    far = torch.nn.functional.max_pool2d(shown.holes, 3, 1, 1) == 0  # a difference at the rim spans both
    assert far.any()
    spoiled = torch.where(far, shown.truth + torch.rand(far.shape), shown.truth)
    right = inpainting_loss(guess(shown, shown.truth), shown)
    assert inpainting_loss(guess(shown, spoiled), shown).item() == pytest.approx(right.item())
    assert (psnr_in_holes(spoiled, shown) > 100).all()


def test_metal_that_is_found_where_it_is_counts_and_what_is_found_elsewhere_counts_against_it():
    shown = batch()
    right = torch.where(shown.metal > 0, 9.0, -9.0)
    all_over, nowhere = torch.full_like(right, 9.0), torch.full_like(right, -9.0)
    losses = [finding_loss(logits, shown).item() for logits in (right, nowhere, all_over)]
    assert losses[0] < 0.01 < 0.3 < min(losses[1:])
    assert dice(right, shown).tolist() == [1.0] * len(dice(right, shown))
    assert dice(nowhere, shown).max() == 0
    assert 0 < dice(all_over, shown).max() < 0.9
    without = len(false_share(right, shown))
    assert without >= COUNT
    assert len(dice(right, shown)) + without == 2 * COUNT
    assert (false_share(right, shown).max(), false_share(all_over, shown).min()) == (0, 1)


def test_a_standard_error_as_large_as_the_error_is_best():
    shown = batch()
    losses = {}
    for sigma in (0.02, 0.1, 0.2, 0.4, 2.0):
        right = guess(shown, shown.truth, sigma)
        losses[sigma] = inpainting_loss(right._replace(mean=right.mean + 0.2), shown).item()
    assert min(losses, key=losses.__getitem__) == 0.2


@pytest.mark.parametrize("grey", [0.0, 1.0])
def test_flat_images_and_images_without_holes_do_no_harm(grey):
    shown = batch()
    for images in (shown.images, shown.truth, shown.filled):
        images[0] = grey
    shown.holes[1] = 0
    clean = shown.filled.requires_grad_()
    loss = inpainting_loss(guess(shown, clean), shown)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(clean.grad).all()
    assert psnr_in_holes(clean.detach(), shown).shape == (int((shown.holes.amax((1, 2, 3)) > 0).sum()),)


def test_a_lesson_is_measured_on_what_was_held_out_and_learnt_from_the_rest():
    kept = []
    plan = TrainingPlan(steps=3, batch=4)
    lesson = InpaintingLesson(source(), source(), 5, plan, lambda *of: kept.append(of))
    torch.manual_seed(0)
    thin = (4, 4, 4, 4, 4, 4)
    network = InpaintingNetworks(ImplantNetwork(thin), InpaintingNetwork(thin))
    told = []
    measured = lesson.measure(network.eval(), told.append)
    assert measured == lesson.measure(network, told.append)
    assert len(told) == 4
    assert InpaintingMeasured(30.0, 0.9, 0.0).score < InpaintingMeasured(20.0, 0.9, 0.0).score
    assert InpaintingMeasured(30.0, 0.9, 0.0).score < InpaintingMeasured(30.0, 0.8, 0.0).score
    assert InpaintingMeasured(30.0, 0.9, 0.0).score < InpaintingMeasured(30.0, 0.9, 0.1).score
    assert not lesson.is_enough(measured)
    loss = lesson.loss(network.train(), lesson.batch(0), 0)
    loss.backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    lesson.keep(network, measured, Course(3, 4, 0, 1.0, "scratch", "cpu"))
    assert kept[0][0] is network
