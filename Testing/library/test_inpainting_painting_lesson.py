"""What the network that paints is told of its answers."""

from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from inpainting_support import made_up_scenes, thin_network
from xray3d.inpainting.gradient_domain import RIM_PX, Beliefs, bends, differences
from xray3d.inpainting.instrumented import Instrumented
from xray3d.inpainting.network import Guess
from xray3d.inpainting.painting_lesson import PaintingLesson, PaintingMeasured, painting_loss, psnr_in_holes
from xray3d.inpainting.painting_source import Occluded, occluded
from xray3d.models.training.course import Course
from xray3d.models.training.plan import TrainingPlan

COUNT = 4
PLAN = TrainingPlan(steps=3, batch=4)
SEEN, ITSELF = slice(0, 2), slice(7, 8)
UNSURE = 20.0


@cache
def source() -> Instrumented:
    return Instrumented(made_up_scenes(4, 200), [np.random.default_rng(0).random((180, 140), np.float32)])


def batch(seed=0) -> Occluded:
    shown = occluded(source(), COUNT, seed)
    return Occluded(*(image.clone() for image in vars(shown).values()))


def guess(clean, sigma=0.1, error=1.0) -> Guess:
    mean = torch.cat([differences(clean), differences(clean), bends(clean), clean], dim=1)
    return Guess(Beliefs(mean, torch.full_like(mean, np.log(sigma))), torch.full_like(clean, np.log(error)))


def noisy(shown, noise):
    return shown.truth + noise * torch.randn(shown.truth.shape, generator=torch.Generator().manual_seed(0))


def near(holes, margin_px):
    return torch.nn.functional.max_pool2d(holes, 2 * margin_px + 1, 1, margin_px) > 0


def test_the_truth_is_best_and_nearer_is_better():
    shown = batch()
    losses = [painting_loss(guess(noisy(shown, noise)), shown).item() for noise in (0.0, 0.01, 0.1)]
    assert losses == sorted(losses)
    dbs = [psnr_in_holes(shown.truth + off * shown.holes, shown).mean().item() for off in (1e-4, 0.01, 0.1)]
    assert dbs == sorted(dbs, reverse=True)
    assert dbs[1] - dbs[2] == pytest.approx(20, abs=1e-3)


def test_what_is_far_from_holes_is_no_error():
    shown = batch()
    far = ~near(shown.holes, RIM_PX + 3)
    assert far.any()
    spoiled = torch.where(far, shown.truth + torch.rand(far.shape), shown.truth)
    right = painting_loss(guess(shown.truth), shown)
    assert painting_loss(guess(spoiled), shown).item() == pytest.approx(right.item())
    assert (psnr_in_holes(spoiled, shown) > 100).all()


def test_hard_images_and_easy_ones_count_alike():
    """Of an image that is ten times as far off, the same share of the error takes as much off the loss."""
    shown = batch()
    shown.holes[2:] = 0
    shown.images[:2] = shown.truth[:2]
    for easy, hard in ((0, 1), (1, 0)):
        off = torch.zeros(COUNT, 1, 1, 1)
        off[easy], off[hard] = 0.03, 0.3
        losses = []
        for of_easy, of_hard in ((1.0, 1.0), (0.5, 1.0), (1.0, 0.5)):
            factor = torch.ones(COUNT, 1, 1, 1)
            factor[easy], factor[hard] = of_easy, of_hard
            clean = shown.truth + factor * off * near(shown.holes, 1).float()
            losses.append(painting_loss(guess(clean, sigma=100.0), shown).item())
        whole, less_easy, less_hard = losses
        assert 0.7 < (whole - less_easy) / (whole - less_hard) < 1.4


@pytest.mark.parametrize("sigma", [0.05, 0.2])
def test_a_standard_error_as_large_as_the_error_is_best(sigma):
    losses = {}
    for told in (sigma / 10, sigma / 2, sigma, 2 * sigma, 10 * sigma):
        right, log_error = guess(batch().truth, told)
        wrong = right._replace(mean=right.mean + sigma)
        losses[told] = painting_loss(Guess(wrong, log_error), batch()).item()
    assert min(losses, key=losses.__getitem__) == sigma


@pytest.mark.parametrize("off", [0.03, 0.3])
def test_an_error_told_as_large_as_it_is_is_best_and_changes_nothing_else(off):
    shown = batch()
    clean = (shown.truth + off * near(shown.holes, RIM_PX).float()).requires_grad_()
    losses, gradients = {}, []
    for told in (off / 10, off / 2, off, 2 * off, 10 * off):
        losses[told] = painting_loss(guess(clean, sigma=1e-3, error=told), shown)
        gradients.append(torch.autograd.grad(losses[told], clean)[0])
    assert min(losses, key=losses.__getitem__) == off
    for gradient in gradients[1:]:
        torch.testing.assert_close(gradient, gradients[0])


@pytest.mark.parametrize("grey", [0.0, 1.0])
def test_flat_images_images_without_holes_and_those_of_nothing_else_do_no_harm(grey):
    shown = batch()
    for images in (shown.images, shown.truth, shown.filled):
        images[0] = grey
    shown.holes[1], shown.holes[2] = 0, 1
    clean = shown.filled.clone().requires_grad_()
    loss = painting_loss(guess(clean), shown)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(clean.grad).all()
    assert not clean.grad[1].any()
    dbs = psnr_in_holes(clean.detach(), shown)
    assert dbs.shape == (int((shown.holes.amax((1, 2, 3)) > 0).sum()),)
    assert torch.isfinite(dbs).all()


class Knowing(nn.Module):
    """Says the truth but for one error in the holes, and how large it takes that to be."""

    def __init__(self, truth, error, told):
        super().__init__()
        self.any = nn.Parameter(torch.zeros(1))
        self._truth, self._error, self._told = truth, error, told

    def forward(self, images, filled, holes, roughness):
        return guess(self._truth + self._error * holes, 1e-3, self._told / 2**0.5)


def test_what_is_measured_is_of_the_x_rays_held_out(monkeypatch):
    """Holes are all alike, and around them is nothing but the truth."""
    shown = batch()
    shown.images.copy_(shown.truth)
    shown.holes.zero_()[:, :, 30:70, 40:60] = 1
    asked = []
    monkeypatch.setattr(PaintingLesson, "drawn", staticmethod(lambda *of: asked.append(of) or shown))
    lesson = PaintingLesson(None, source(), 5, PLAN, None)
    assert [(held_out, count) for held_out, count, _ in asked] == 2 * [(source(), 4)]
    assert asked[0] != asked[1], "other X-rays"
    told = []
    right, modest, bold = (
        lesson.measure(Knowing(shown.truth, 0.02, 0.02 * factor), told.append) for factor in (1, 2, 0.5)
    )
    assert told == 6 * ["Painting X-rays that it has not seen"], "two batches, three times"
    assert right.error_in_sigmas == pytest.approx(1, abs=0.25)
    assert modest.error_in_sigmas == pytest.approx(right.error_in_sigmas / 2, rel=0.01)
    assert bold.error_in_sigmas == pytest.approx(right.error_in_sigmas * 2, rel=0.01)
    assert right.psnr_db == pytest.approx(modest.psnr_db, abs=0.01)
    better = lesson.measure(Knowing(shown.truth, 0.002, 0.02), told.append)
    assert better.psnr_db - right.psnr_db == pytest.approx(20, abs=0.1)


def test_more_decibels_are_better():
    assert PaintingMeasured(30.0, 5.0).score < PaintingMeasured(20.0, 1.0).score
    assert PaintingMeasured(30.0, 1.0).told == "30.00 dB in the holes"


def test_every_step_shows_others_but_always_the_same():
    lesson, other = (PaintingLesson(source(), None, 0, plan, None) for plan in (PLAN, TrainingPlan(batch=4, seed=1)))
    first = lesson.batch(0).images
    assert torch.equal(first, lesson.batch(0).images)
    assert not torch.equal(first, lesson.batch(1).images)
    assert not torch.equal(first, other.batch(0).images)


def test_a_network_learns_from_a_lesson_which_hands_it_on():
    kept = []
    lesson = PaintingLesson(source(), source(), 4, PLAN, lambda *of: kept.append(of))
    torch.manual_seed(0)
    network = thin_network("painter").train()
    optimizer, shown = torch.optim.Adam(network.parameters(), 1e-2), lesson.batch(0)
    losses = []
    for step in range(6):
        optimizer.zero_grad()
        loss = lesson.loss(network, shown, step)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.02
    assert all(parameter.grad is not None for parameter in network.parameters())
    measured, course = lesson.measure(network.eval(), lambda doing: None), Course(3, 4, 0, 1.0, "scratch", "cpu")
    assert measured == lesson.measure(network, lambda doing: None)
    assert not lesson.is_enough(measured)
    lesson.keep(network, measured, course)
    assert kept == [(network, measured, course)]
