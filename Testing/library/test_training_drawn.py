"""Lessons whose examples are drawn: by which seeds, how many, and what is done with scores."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from xray3d.models.training.drawn import DrawnLesson
from xray3d.models.training.plan import TrainingPlan


@dataclass
class Drawn:
    """What was asked for, and where it was moved to."""

    source: str
    count: int
    seed: int
    device: torch.device | None = None

    def to(self, device):
        return Drawn(self.source, self.count, self.seed, device)

    @property
    def asked(self):
        return self.source, self.count, self.seed


class Numbers(DrawnLesson[str, nn.Module, Drawn, list]):
    """Scores are numbers of what was drawn."""

    measuring = "Counting"
    drawn = staticmethod(Drawn)

    def loss_of(self, network, batch):
        assert batch.device == torch.device("cpu")
        return torch.tensor(float(batch.seed))

    def scores(self, network, batch):
        assert batch.device == torch.device("cpu")
        assert torch.is_inference_mode_enabled()
        return torch.full((batch.count,), batch.seed - 10**9), torch.tensor([1.0])

    def measured(self, scores):
        return [of_all.tolist() for of_all in scores]


def lesson(count=5, seed=3, keep=None):
    return Numbers("ours", "others", count, TrainingPlan(steps=9, batch=2, seed=seed), keep)


@pytest.mark.parametrize("seed", [0, 3])
def test_every_step_of_every_training_has_a_seed_of_its_own(seed):
    one = lesson(seed=seed)
    assert [one.batch(step).asked for step in (0, 1, 8)] == [("ours", 2, seed * 10**7 + step) for step in (0, 1, 8)]


def test_all_trainings_measure_on_the_same_whole_batches():
    assert [batch.asked for batch in lesson()._held_out] == [("others", 2, 10**9 + number) for number in range(3)]
    assert [batch.seed for batch in lesson(4, seed=8)._held_out] == [10**9, 10**9 + 1]


def test_losses_and_scores_are_of_what_is_on_the_networks_device():
    one, told = lesson(), []
    assert one.loss(nn.Linear(1, 1), one.batch(4), 4).item() == 3 * 10**7 + 4
    assert one.measure(nn.Linear(1, 1), told.append) == [[0, 0, 1, 1, 2, 2], [1.0, 1.0, 1.0]]
    assert told == 3 * ["Counting"]


def test_what_is_kept_is_handed_on():
    kept = []
    one = lesson(keep=lambda *of: kept.append(of))
    one.keep("network", [1], "course")
    assert kept == [("network", [1], "course")]
    assert not one.is_enough([1])
