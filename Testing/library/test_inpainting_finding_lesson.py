"""What the network that finds metal is told of its answers."""

from functools import cache

import numpy as np
import pytest
import torch

from inpainting_support import made_up_scenes, thin_network
from xray3d.inpainting.finding_lesson import FindingLesson, FindingMeasured, dice, false_share, finding_loss
from xray3d.inpainting.finding_source import SEARCHED_PX, Searched
from xray3d.inpainting.instrumented import Instrumented
from xray3d.models.training.course import Course
from xray3d.models.training.plan import TrainingPlan

COUNT, SIDE = 6, 40
SURE = 9.0
PLAN = TrainingPlan(steps=3, batch=4)


@cache
def source() -> Instrumented:
    return Instrumented(made_up_scenes(4, SEARCHED_PX + 20), [np.random.default_rng(0).random((300, 280), np.float32)])


def batch() -> Searched:
    """Half with a bar of metal."""
    metal = torch.zeros(COUNT, 1, SIDE, SIDE)
    metal[: COUNT // 2, :, 10:20, 10:14] = 1
    return Searched(torch.zeros_like(metal), metal)


def sure(found):
    return torch.where(found, SURE, -SURE)


RIGHT = sure(batch().metal > 0)
NOWHERE, ALL_OVER = torch.full_like(RIGHT, -SURE), torch.full_like(RIGHT, SURE)


def test_metal_that_is_found_where_it_is_counts_and_what_is_found_elsewhere_counts_against_it():
    right, nowhere, all_over = (finding_loss(logits, batch()).item() for logits in (RIGHT, NOWHERE, ALL_OVER))
    assert right < 0.01 < 0.3 < min(nowhere, all_over)


def test_metal_found_where_there_is_none_at_all_counts_too():
    alarm = RIGHT.clone()
    alarm[-1, :, :5, :5] = SURE
    assert finding_loss(alarm, batch()) > finding_loss(RIGHT, batch()) + 0.5


def test_a_false_alarm_costs_more_than_as_much_metal_too_much():
    """Where there is metal anyway, a little more of it is no alarm."""
    beside, alarm = RIGHT.clone(), RIGHT.clone()
    beside[0, :, 25:30, 25:30], alarm[-1, :, 25:30, 25:30] = SURE, SURE
    right, too_much, false = (finding_loss(logits, batch()) for logits in (RIGHT, beside, alarm))
    assert false - too_much > too_much - right > 0
    images = batch()
    all_metal = Searched(images.images[:3], images.metal[:3])
    assert torch.isfinite(finding_loss(RIGHT[:3], all_metal))


def test_dice_is_of_the_images_that_show_metal():
    half = RIGHT.clone()
    half[0, :, 10:15] = -SURE
    torch.testing.assert_close(dice(half, batch()), torch.tensor([2 / 3, 1, 1]))
    assert dice(NOWHERE, batch()).tolist() == [0, 0, 0]
    torch.testing.assert_close(dice(ALL_OVER, batch()), torch.full((3,), 2 * 40 / (SIDE**2 + 40)))


def test_false_share_is_of_the_images_that_show_none():
    alarm = RIGHT.clone()
    alarm[-1, :, :20] = SURE
    assert false_share(alarm, batch()).tolist() == [0, 0, 0.5]
    assert false_share(NOWHERE, batch()).tolist() == [0, 0, 0]
    assert false_share(ALL_OVER, batch()).tolist() == [1, 1, 1]


def test_more_metal_found_and_fewer_false_alarms_are_better():
    usual = FindingMeasured(0.8, 0.01, 0.1)
    assert FindingMeasured(0.9, 0.01, 0.1).score < usual.score < FindingMeasured(0.8, 0.01, 0.2).score
    assert usual.told == "Dice 0.80, false alarms 10.0%"


class Says(torch.nn.Module):
    """Takes for metal a quarter of the image of this number of each batch, and nothing of others."""

    def __init__(self, number):
        super().__init__()
        self.any = torch.nn.Parameter(torch.zeros(1))
        self._number = number

    def forward(self, images):
        logits = torch.full_like(images[:, :1], -SURE)
        logits[self._number, :, : SEARCHED_PX // 4] = SURE
        return logits


def test_what_is_measured_is_of_the_x_rays_held_out():
    lesson = FindingLesson(None, source(), 5, PLAN, None)
    told = []
    alarm, silence = (lesson.measure(Says(number), told.append) for number in (-1, []))
    assert told == 4 * ["Looking for metal on X-rays that it has not seen"], "two batches, twice"
    assert (silence.dice, silence.false_share, silence.false_alarms) == (0, 0, 0)
    assert 0.2 < alarm.false_alarms < 0.6
    assert alarm.false_share == pytest.approx(alarm.false_alarms / 4)


def test_every_step_shows_others_but_always_the_same():
    lesson, other = (FindingLesson(source(), None, 0, plan, None) for plan in (PLAN, TrainingPlan(batch=4, seed=1)))
    first = lesson.batch(0).images
    assert torch.equal(first, lesson.batch(0).images)
    assert not torch.equal(first, lesson.batch(1).images)
    assert not torch.equal(first, other.batch(0).images)


def test_a_network_learns_from_a_lesson_which_hands_it_on():
    kept = []
    lesson = FindingLesson(source(), source(), 4, PLAN, lambda *of: kept.append(of))
    torch.manual_seed(0)
    network = thin_network("finder").train()
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


def test_measuring_can_be_stopped():
    def stop(doing):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        FindingLesson(None, source(), 1, PLAN, None).measure(Says(0), stop)
