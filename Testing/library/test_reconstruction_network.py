"""The reconstruction network: what must not change its answer, and what must."""

import numpy as np
import pytest
import torch
from torch import nn

from xray3d import Projection
from xray3d.reconstruction import network as module
from xray3d.reconstruction.grid import GRID_MM, GRID_SIZE_IJK, grid_about
from xray3d.reconstruction.network import ReconstructionNetwork
from xray3d.reconstruction.unprojection import grid_points

SIZE = (48, 64)
GRID = (64, 72, 68)
THIN = (8, 8, 8, 8, 8, 8)


def projections(*angles):
    return [Projection.from_carm(angle, 10, (0.0, 0.0, 0.0), 1020.0, 700.0, SIZE, (2.0, 2.0)) for angle in angles]


def matrices(*angles):
    return torch.from_numpy(np.stack([view.matrix for view in projections(*angles)]))[None].float()


def grid(shift=(0.0, 0.0, 0.0)):
    to_ras = torch.eye(4)
    to_ras[:3, 3] = torch.tensor([-31.5, -35.5, -33.5]) + torch.tensor(shift)
    return to_ras[None]


@pytest.fixture
def network():
    """A thin one whose answers depend on what it is shown."""
    torch.manual_seed(0)
    net = ReconstructionNetwork(THIN, THIN).eval()
    nn.init.normal_(net.decoder.final_conv.weight, std=0.3)
    return net


def views(count, seed=0):
    return torch.rand(1, count, *SIZE, generator=torch.Generator().manual_seed(seed))


def test_what_has_learnt_nothing_says_that_all_is_empty():
    with torch.inference_mode():
        logits = ReconstructionNetwork(THIN, THIN).eval()(views(3), matrices(0, 90, -45), grid(), GRID)
    assert logits.shape == (1, 1, 68, 72, 64)
    assert (logits < 0).all()


def test_neither_the_order_of_views_nor_their_repetition_counts(network):
    shown, of_shown = views(3), matrices(0, 90, -45)
    with torch.inference_mode():
        once = network(shown, of_shown, grid(), GRID)
        turned = network(shown[:, [2, 0, 1]], of_shown[:, [2, 0, 1]], grid(), GRID)
        other = network(shown[:, [1, 0, 2]], of_shown, grid(), GRID)
    torch.testing.assert_close(turned, once, atol=1e-4, rtol=1e-4)
    assert (other - once).abs().max() > 0.01, "which view is from where does count"


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_one_view_is_enough_and_eight_are_not_too_many(network, count):
    with torch.inference_mode():
        logits = network(views(count), matrices(*range(0, 20 * count, 20)), grid(), GRID)
    assert torch.isfinite(logits).all()


def test_where_the_world_has_its_origin_does_not_count(network):
    """Patient, grid and C-arm moved together."""
    moved = np.eye(4)
    moved[:3, :3] = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    moved[:3, 3] = 30, -70, 200
    shown, of_shown = views(2), projections(0, 70)
    elsewhere = torch.from_numpy(np.stack([view.moved(moved).matrix for view in of_shown]))[None].float()
    with torch.inference_mode():
        here = network(shown, matrices(0, 70), grid(), GRID)
        there = network(shown, elsewhere, torch.from_numpy(moved).float() @ grid(), GRID)
    torch.testing.assert_close(there, here, atol=2e-3, rtol=1e-3)


def test_cases_of_a_batch_do_not_mix(network):
    both = torch.cat([views(2, 1), views(2, 2)])
    of_both, grids = torch.cat([matrices(0, 90), matrices(30, -60)]), torch.cat([grid(), grid((4.0, 0, 2.0))])
    with torch.inference_mode():
        together = network(both, of_both, grids, GRID)
        alone = network(both[1:], of_both[1:], grids[1:], GRID)
    torch.testing.assert_close(together[1:], alone, atol=1e-4, rtol=1e-4)


def test_folded_pixels_and_voxels_are_where_those_are_that_they_are_made_of():
    """The middle of a coarse voxel is that of its eight, and so is that of a coarse pixel in the image."""
    fine = grid_points(grid(), GRID)[0]
    coarse = grid_points(module._coarser_grid(grid()), tuple(side // 2 for side in GRID))[0]
    torch.testing.assert_close(coarse[3, 5, 7], fine[6:8, 10:12, 14:16].reshape(-1, 3).mean(0))
    point = torch.tensor([3.0, -5.0, 8.0, 1.0])
    at, half = (one[0, 0] @ point for one in (matrices(30), module._coarser_pixels(matrices(30))))
    torch.testing.assert_close(half[:2] / half[2], (at[:2] / at[2] - 0.5) / 2)


def testunfolded_voxels_are_each_in_the_place_of_their_own():
    logits = torch.arange(2 * 8 * 3 * 4 * 5.0).reshape(2, 8, 3, 4, 5)
    fine = module.unfolded(logits)
    assert fine.shape == (2, 1, 6, 8, 10)
    for number in range(8):
        down, along, right = number // 4, number // 2 % 2, number % 2
        torch.testing.assert_close(fine[:, 0, down::2, along::2, right::2], logits[:, number])


def test_all_of_it_learns_to_say_what_a_view_shows():
    """A slab that is bright in a view is told from one that is not, after a few steps."""
    torch.manual_seed(0)
    net, of_shown = ReconstructionNetwork(THIN, THIN).train(), matrices(0, 90).expand(2, -1, -1, -1)
    shown = torch.zeros(2, 2, *SIZE)
    shown[0, :, :24], shown[1, :, 24:] = 1.0, 1.0
    truth = torch.zeros(2, 1, *GRID[::-1])
    truth[0, :, 18:], truth[1, :, :18] = 1.0, 1.0
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    losses = []
    for _ in range(90):
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(
            net(shown, of_shown, grid().expand(2, -1, -1), GRID), truth
        )
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.4 * losses[0]
    assert all(parameter.grad is not None for parameter in net.parameters())


def test_the_grid_is_about_the_vertebra():
    frame = np.eye(4)
    frame[:3, :3] = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]])
    frame[:3, 3] = 100, -50, 20
    to_ras = grid_about(frame)
    corners = np.array([[0, 0, 0], np.array(GRID_SIZE_IJK) - 1]) @ to_ras[:3, :3].T + to_ras[:3, 3]
    in_frame = (corners - frame[:3, 3]) @ frame[:3, :3]
    np.testing.assert_allclose(in_frame, [[-51.5, -87, -43], [51.5, 40, 36]])
    np.testing.assert_allclose(np.linalg.norm(to_ras[:3, :3], axis=0), GRID_MM)
