"""What the reconstruction network is told of its answers, and how it is measured."""

import pytest
import torch
from torch import nn

from reconstruction_support import coarsen, spine_views
from xray3d.models.training.course import Course
from xray3d.models.training.plan import TrainingPlan
from xray3d.reconstruction.lesson import ReconstructionLesson, ReconstructionMeasured, f1
from xray3d.reconstruction.network import ReconstructionNetwork

PLAN = TrainingPlan(steps=3, batch=1)
THIN = (4, 4, 4, 4, 4, 4)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Coarse grids and small views."""
    coarsen(monkeypatch)


class Knowing(nn.Module):
    """Says what it was given, whatever it is shown."""

    def __init__(self, answers):
        super().__init__()
        self.any = nn.Parameter(torch.zeros(1))
        self._answers = iter(answers)

    def forward(self, views, matrices, ijk_to_ras, size_ijk):
        return next(self._answers)


def lesson(count=2, keep=None):
    return ReconstructionLesson([spine_views()], [spine_views()], count, PLAN, keep)


def test_f1_is_dices_coefficient_of_each():
    truth = torch.zeros(2, 1, 4, 4, 4)
    truth[:, :, :2] = 1
    logits = torch.full_like(truth, -1.0)
    logits[0, :, 1:3], logits[1, :, :2] = 1.0, 1.0
    assert f1(logits, truth).tolist() == [0.5, 1.0]


def test_the_truth_is_best_and_what_is_empty_worst():
    one = lesson(1)
    case = one.batch(0)
    sure = 20 * (case.inside - 0.5)
    losses = [one.loss(Knowing([logits]), case, 0).item() for logits in (sure, 0.1 * sure, 0 * sure, -sure)]
    assert losses == sorted(losses)
    assert losses[0] < 1e-3


def test_what_is_measured_is_of_those_held_out():
    one = lesson(3)
    right = [20 * (case.inside - 0.5) for case in one._held_out]
    told = []
    assert one.measure(Knowing(right), told.append) == ReconstructionMeasured(1.0, 1.0)
    assert told == 3 * ["Reconstructing vertebrae that it has not seen"]
    worse = [right[0], right[1], -torch.ones_like(right[2])]
    assert one.measure(Knowing(worse), told.append).f1 == pytest.approx(2 / 3)
    assert ReconstructionMeasured(0.9, 0.1).score < ReconstructionMeasured(0.8, 0.7).score
    assert ReconstructionMeasured(0.9, 0.1).told == "F1 0.900"


def test_steps_show_other_vertebrae_in_other_numbers_of_views_but_always_the_same():
    one = lesson(0)
    counts = {one.batch(step).views.shape[1] for step in range(8)}
    assert len(counts) > 2
    assert torch.equal(one.batch(1).views, one.batch(1).views)


def test_a_network_learns_from_a_lesson_which_hands_it_on():
    kept = []
    one = lesson(1, lambda *of: kept.append(of))
    torch.manual_seed(0)
    network = ReconstructionNetwork(THIN, THIN).train()
    loss = one.loss(network, one.batch(0), 0)
    loss.backward()
    assert torch.isfinite(loss)
    assert all(parameter.grad is not None for parameter in network.parameters())
    measured = one.measure(network.eval(), lambda doing: None)
    one.keep(network, measured, Course(3, 1, 0, 1.0, "scratch", "cpu"))
    assert kept[0][:2] == (network, measured)
    assert not one.is_enough(measured)
