"""One step of a training after the other."""

import torch

from xray3d.models.training.learner import Learner


def learner(steps=10) -> Learner:
    torch.manual_seed(0)
    return Learner(torch.nn.Linear(3, 1), steps, 1e-2)


def weights(of: torch.nn.Module) -> list[torch.Tensor]:
    return [weight.detach().clone() for weight in of.parameters()]


def test_steps_go_down():
    one, shown = learner(200), torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
    losses = []
    for _ in range(200):
        loss = (one.network(shown)[:, 0] - shown.sum(dim=1)).square().mean()
        losses.append(loss.item())
        one.learn(loss)
    assert losses[-1] < 0.3 * losses[0]


def test_a_gradient_that_is_no_number_changes_nothing():
    one = learner()
    one.learn(one.network(torch.ones(1, 3)).square().sum())
    before, average = weights(one.network), weights(one.averaged)
    for factor in (float("inf"), float("nan")):
        one.learn(factor * one.network(torch.ones(1, 3)).sum())
    assert all(torch.equal(*both) for both in zip(weights(one.network), before, strict=True))
    assert all(torch.isfinite(weight).all() for weight in weights(one.averaged))
    one.learn(one.network(torch.ones(1, 3)).square().sum())
    assert not torch.equal(weights(one.network)[0], before[0])
    assert not torch.equal(weights(one.averaged)[0], average[0])
