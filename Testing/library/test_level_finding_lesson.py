"""What the network that finds levels is told of its answers, and how it is measured."""

import math

import pytest
import torch
from torch import nn

from reconstruction_support import spine_views
from xray3d.models.training.course import Course
from xray3d.models.training.plan import TrainingPlan
from xray3d.reconstruction.level_finding import source
from xray3d.reconstruction.level_finding.lesson import LevelLesson, LevelsMeasured, errors_mm, surprise
from xray3d.reconstruction.level_finding.network import HeatMaps, LevelNetwork
from xray3d.reconstruction.level_finding.source import PIXEL_MM, Marked
from xray3d.reconstruction.scenes import LEVELS

PLAN = TrainingPlan(steps=3, batch=2)
THIN = (4, 4, 4, 4, 4, 4)
SIZE = (64, 96)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Small parts of views."""
    monkeypatch.setattr(source, "_ROWS_PX", (64,))
    monkeypatch.setattr(source, "_COLUMNS_PX", (96,))


def batch() -> Marked:
    """The third level is not on the first image, nothing is known of the last one on the second."""
    pixels = torch.tensor([[40.0, 10.0 * level + 3] for level in range(6)]).expand(2, 6, 2).clone()
    pixels[1, :, 0] = 60.25
    seen, known = torch.ones(2, 6), torch.ones(2, 6)
    seen[0, 2], known[1, 5] = 0, 0
    pixels[0, 2] = -500.0
    return Marked(torch.zeros(2, 1, *SIZE), pixels, seen, known)


def maps(pixels, unseen, sigma_px=2.0, off_px=0.0) -> HeatMaps:
    """Gaussians about columns and rows (n, levels, 2), and probabilities (n, levels)."""
    rows, columns = torch.meshgrid(*(torch.arange(side) for side in SIZE), indexing="ij")
    column, row = (pixels + off_px)[..., None, None].unbind(dim=2)
    away = (columns - column).square() + (rows - row).square()
    logits = (-away / (2 * sigma_px**2)).flatten(2).clamp(min=-1e4)
    of_pixels = torch.log_softmax(logits, dim=2) + torch.log1p(-unseen)[..., None]
    return HeatMaps(of_pixels.unflatten(2, SIZE), unseen.log())


class Says(nn.Module):
    """Says what it was given, whatever it is shown."""

    def __init__(self, answers):
        super().__init__()
        self.any = nn.Parameter(torch.zeros(1))
        self._answers = iter(answers)

    def forward(self, images):
        return next(self._answers)


def right(of: Marked, **options) -> HeatMaps:
    return maps(of.pixels, torch.where(of.seen > 0, 0.001, 0.999), **options)


def lesson(count=4, keep=None):
    return LevelLesson([spine_views()], [spine_views()], count, PLAN, keep)


def test_the_truth_is_best_and_what_is_farther_off_is_worse():
    of = batch()
    losses = [surprise(right(of, off_px=off), of).item() for off in (0.0, 2.0, 6.0)]
    assert losses == sorted(losses)
    # Of a Gaussian of two pixels the entropy remains, of those that are there: 10 of 11 known ones.
    assert losses[0] == pytest.approx(math.log(2 * math.pi * math.e * 4) * 10 / 11, abs=0.03)
    assert surprise(right(of, sigma_px=1.0), of) > losses[0]
    assert surprise(right(of, sigma_px=4.0), of) > losses[0]


def test_what_is_not_there_must_be_said_and_what_is_unknown_does_not_count():
    of = batch()
    usual = surprise(right(of), of)
    denied = torch.where(of.seen > 0, 0.001, 0.999)
    denied[1, 0] = 0.999
    assert surprise(maps(of.pixels, denied), of) > usual + 0.5
    alarmed = torch.where(of.seen > 0, 0.001, 0.999)
    alarmed[0, 2] = 0.001
    assert surprise(maps(of.pixels, alarmed), of) > usual + 0.5
    whatever = torch.where(of.seen > 0, 0.001, 0.999)
    whatever[1, 5] = 0.7
    torch.testing.assert_close(surprise(maps(of.pixels, whatever), of), usual)


def test_errors_are_of_the_likeliest_pixel():
    of = batch()
    torch.testing.assert_close(
        errors_mm(right(of, off_px=3.0), of)[0, 0].item(), PIXEL_MM * 3 * 2**0.5, rtol=1e-5, atol=0
    )
    assert errors_mm(right(of), of)[1].max() == pytest.approx(0.25 * PIXEL_MM)


def test_what_is_measured_is_of_those_held_out():
    one = lesson(4)
    told = []
    measured = one.measure(Says(right(of) for of in one._held_out), told.append)
    assert (measured.found, measured.false_alarms) == (1.0, 0.0)
    assert measured.error_mm < PIXEL_MM
    assert told == 2 * ["Looking for vertebrae on X-rays that it has not seen"]
    off = one.measure(Says(right(of, off_px=12.0) for of in one._held_out), told.append)
    assert off.found == 0.0
    assert off.error_mm > 15
    always = one.measure(Says(maps(of.pixels, torch.full((2, 6), 0.1)) for of in one._held_out), told.append)
    assert (always.found, always.false_alarms) == (1.0, 1.0)
    assert measured.score < always.score
    assert LevelsMeasured(0.9, 3.0, 0.05).told == "90.0% of the vertebrae found, 5.0% false alarms"


def test_steps_show_other_x_rays_but_always_the_same():
    one = lesson(0)
    assert torch.equal(one.batch(1).images, one.batch(1).images)
    assert not torch.equal(one.batch(1).images, one.batch(2).images)


def test_a_network_learns_from_a_lesson_which_hands_it_on():
    kept = []
    one = lesson(2, lambda *of: kept.append(of))
    torch.manual_seed(0)
    network = LevelNetwork(THIN).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    same, losses = one.batch(0), []
    for step in range(30):
        loss = one.loss(network, same, step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert losses[0] == pytest.approx(math.log(2 * SIZE[0] * SIZE[1]), abs=8)
    assert losses[-1] < losses[0] - 1.0
    measured = one.measure(network.eval(), lambda doing: None)
    one.keep(network, measured, Course(3, 1, 0, 1.0, "scratch", "cpu"))
    assert kept[0][:2] == (network, measured)
    assert not one.is_enough(measured)
    assert len(LEVELS) == same.seen.shape[1]
