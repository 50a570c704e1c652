"""The Jacobian and the torch gradients against finite differences."""

import numpy as np
import pytest
import torch

from test_renderer import as_ct, carm, centered_grid
from xray3d.benchmarks.phantoms import SMOOTH_BLOBS, voxelise
from xray3d.drr.autograd import render
from xray3d.drr.renderer import DRRRenderer
from xray3d.errors import GeometryError, VolumeError
from xray3d.geometry.poses import se3_exp
from xray3d.volumes.attenuation import REFERENCE_ENERGY_KEV, water_attenuation_per_mm

VIEWS = [(0, 0), (90, 0), (180, 5), (30, 20), (-60, -15), (5, 70)]
# Small against a voxel (the isocentre is 700 mm from the source), large against float32 rounding.
STEPS = np.array([0.02, 0.02, 0.02, 4e-5, 4e-5, 4e-5])


@pytest.fixture(scope="module")
def renderer():
    size = (100, 90, 80)
    grid = centered_grid(size, (2.1, 2.3, 2.6))
    return DRRRenderer(as_ct(voxelise(SMOOTH_BLOBS, size[::-1], grid), grid))


def finite_difference(renderer, view, axis):
    step = np.zeros(6)
    step[axis] = STEPS[axis]
    forward, backward = renderer.render([view.perturbed(step), view.perturbed(-step)]).astype(float)
    return (forward - backward) / (2 * STEPS[axis])


@pytest.mark.parametrize("angles", VIEWS)
def test_the_jacobian_is_the_derivative_by_the_twist(renderer, angles):
    view = carm(*angles, size_px=(64, 56), pixel_mm=(4, 4))
    drr, jacobian = renderer.render_with_jacobian(view)
    assert jacobian.shape == (64, 56, 6)
    assert np.allclose(drr, renderer.render(view), atol=1e-6)
    for axis in range(6):
        expected = finite_difference(renderer, view, axis)
        # Both differentiate the same piecewise bilinear image; they part only where a step crosses into the next voxel.
        assert np.linalg.norm(jacobian[..., axis] - expected) < 0.03 * np.linalg.norm(expected), f"axis {axis}"
        assert np.corrcoef(jacobian[..., axis].ravel(), expected.ravel())[0, 1] > 0.999


def test_moving_the_anatomy_right_moves_its_image_right(renderer):
    view = carm(20, 10)
    columns = np.arange(96)
    still, moved = (renderer.render(v) @ columns for v in (view, view.perturbed([10, 0, 0, 0, 0, 0])))
    assert moved.sum() / renderer.render(view).sum() > still.sum() / renderer.render(view).sum() + 4


def test_a_batch_of_jacobians_is_its_views(renderer):
    views = [carm(*angles, size_px=(32, 32)) for angles in VIEWS[:3]]
    batch = renderer.render_with_jacobian(views)
    assert [part.shape for part in batch] == [(3, 32, 32), (3, 32, 32, 6)]
    assert np.array_equal(batch[1][2], renderer.render_with_jacobian(views[2])[1])


def test_torch_pose_gradient_follows_every_rigid_motion(renderer):
    views = [carm(*angles, size_px=(40, 40), pixel_mm=(6, 6)) for angles in VIEWS[:4]]
    weights = torch.rand((4, 40, 40), generator=torch.Generator().manual_seed(1))
    poses = torch.tensor(np.stack([view.extrinsic for view in views]), requires_grad=True)
    (render(renderer, views, poses) * weights).sum().backward()
    for view, weight, gradient in zip(views, weights.numpy(), poses.grad.numpy(), strict=True):
        for axis in range(6):
            step = np.zeros(6)
            step[axis] = STEPS[axis]
            along = (se3_exp(step) - se3_exp(-step)) @ view.extrinsic / (2 * STEPS[axis])
            expected = np.sum(weight * finite_difference(renderer, view, axis))
            scale = np.sum(weight * np.abs(finite_difference(renderer, view, axis)))
            assert np.sum(gradient * along) == pytest.approx(expected, abs=0.01 * scale)


def test_torch_volume_gradient_is_the_transposed_projection(renderer):
    views = [carm(*angles, size_px=(24, 24), pixel_mm=(9, 9)) for angles in VIEWS]
    generator = torch.Generator().manual_seed(2)
    weights = torch.rand((len(views), 24, 24), generator=generator)
    direction = torch.rand(renderer.ct.hu.shape, generator=generator)
    voxels = torch.tensor(renderer.ct.attenuation, requires_grad=True)
    (render(renderer, views, attenuation=voxels) * weights).sum().backward()
    # The projection is linear in the voxels, so <gradient, direction> is its value at the direction.
    expected = (render(renderer, views, attenuation=direction) * weights).double().sum()
    assert (voxels.grad * direction).double().sum().item() == pytest.approx(expected.item(), rel=1e-4)


def test_a_gradient_step_lowers_the_difference(renderer):
    view = carm(30, 20, size_px=(48, 48), pixel_mm=(5, 5))
    target = torch.tensor(renderer.render([view]))
    start = view.perturbed([3, -2, 0, 0, 0, 0.02])
    pose = torch.tensor(start.extrinsic[None].copy(), requires_grad=True)
    loss = ((render(renderer, [start], pose) - target) ** 2).mean()
    loss.backward()
    twist = np.zeros(6)
    for axis in range(3):
        unit = np.eye(6)[axis]
        twist[axis] = np.sum(pose.grad[0].numpy() * ((se3_exp(unit * 1e-3) - np.eye(4)) @ start.extrinsic / 1e-3))
    better = start.perturbed(-twist / np.linalg.norm(twist) * 0.5)
    assert ((torch.tensor(renderer.render([better])) - target) ** 2).mean() < loss


def test_wrong_shapes_are_refused(renderer):
    view = carm(0, 0)
    with pytest.raises(GeometryError, match="one for each projection"):
        render(renderer, [view], torch.eye(4)[None].repeat(2, 1, 1))
    with pytest.raises(VolumeError, match="shape"):
        render(renderer, [view], attenuation=torch.zeros(2, 2, 2))


def test_attenuation_is_water_at_zero_hu(renderer):
    grid = centered_grid((2, 2, 2), (1, 1, 1))
    water = as_ct(np.full((2, 2, 2), water_attenuation_per_mm(REFERENCE_ENERGY_KEV)), grid)
    assert np.allclose(water.hu, 0, atol=1e-3)
