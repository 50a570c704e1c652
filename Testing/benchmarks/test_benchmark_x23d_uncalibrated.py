"""The counterpart without calibration: it uses all of the X-rays, and nothing of where they are from."""

import numpy as np
import pytest
import torch
from torch import nn

from xray3d.benchmarks.x23d.uncalibrated import UncalibratedNetwork, load_network, save_model
from xray3d.errors import ModelError
from xray3d.models.training.course import SCRATCH
from xray3d.reconstruction.lesson import ReconstructionMeasured
from xray3d.reconstruction.model import ReconstructionReport
from xray3d.reconstruction.model import load_network as load_calibrated

SIZE, GRID = (64, 64), (40, 48, 32)
TO_RAS, THIN = torch.eye(4)[None], (8, 8, 8, 8, 8, 8)


@pytest.fixture
def network():
    """A thin one whose answers depend on what it is shown."""
    torch.manual_seed(0)
    net = UncalibratedNetwork(THIN).eval()
    nn.init.normal_(net.refiner.final_conv.weight, std=0.3)
    return net


def views(count, seed=0):
    return torch.rand(1, count, *SIZE, generator=torch.Generator().manual_seed(seed))


def answer(network, shown, matrices=None):
    with torch.inference_mode():
        return network(shown, torch.zeros(1, shown.shape[1], 3, 4) if matrices is None else matrices, TO_RAS, GRID)


def test_where_views_are_from_is_not_used_and_what_they_show_is(network):
    shown = views(3)
    once = answer(network, shown)
    assert once.shape == (1, 1, *GRID[::-1])
    torch.testing.assert_close(answer(network, shown, torch.rand(1, 3, 3, 4)), once)
    assert (answer(network, views(3, 1)) - once).abs().max() > 0.01


def test_the_order_of_views_does_not_count(network):
    shown = views(4)
    torch.testing.assert_close(answer(network, shown[:, [2, 0, 3, 1]]), answer(network, shown), atol=1e-4, rtol=1e-4)


def test_all_of_it_learns():
    torch.manual_seed(0)
    net, shown = UncalibratedNetwork(THIN).train(), torch.cat([views(2, 1), views(2, 2)])
    truth = torch.zeros(2, 1, *GRID[::-1])
    truth[0, :, 16:], truth[1, :, :16] = 1.0, 1.0
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    losses = []
    for _ in range(80):
        optimizer.zero_grad()
        logits = net(shown, torch.zeros(2, 2, 3, 4), TO_RAS.expand(2, -1, -1), GRID)
        loss = nn.functional.binary_cross_entropy_with_logits(logits, truth)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.4 * losses[0]
    assert all(parameter.grad is not None for parameter in net.parameters())


def test_it_is_read_as_it_was_written_and_not_taken_for_the_other(network, tmp_path):
    report = ReconstructionReport(
        steps=1, batch=1, seed=0, seconds=1.0, started_from=SCRATCH, device="cpu",
        measured=ReconstructionMeasured(0.5, 0.4), cts=["one"], vertebrae=6,
    )  # fmt: skip
    save_model(tmp_path / "model", network, report)
    read, told = load_network(tmp_path / "model")
    assert told == report
    np.testing.assert_allclose(answer(read, views(2)), answer(network, views(2)), atol=1e-5)
    with pytest.raises(ModelError, match="something else"):
        load_calibrated(tmp_path / "model")
