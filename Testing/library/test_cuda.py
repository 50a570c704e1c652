"""The same kernels on an NVIDIA GPU; skipped, and said so, where there is none."""

import numpy as np
import pytest
import torch

from test_implants import cube
from test_renderer import VIEWS, as_ct, carm, centered_grid
from xray3d.benchmarks.phantoms import HARD_ELLIPSOIDS, voxelise
from xray3d.drr.autograd import render
from xray3d.drr.device import has_cuda
from xray3d.drr.renderer import DRRRenderer
from xray3d.drr.scene_coordinates import SceneCoordinateRenderer

pytestmark = [pytest.mark.cuda, pytest.mark.skipif(not has_cuda(), reason="no NVIDIA GPU")]


@pytest.fixture(scope="module")
def ct():
    grid = centered_grid((96, 96, 96), (2.1, 2.1, 2.1))
    return as_ct(voxelise(HARD_ELLIPSOIDS, (96, 96, 96), grid), grid)


@pytest.mark.parametrize("angles", VIEWS)
def test_line_integrals_and_jacobian_equal_the_cpus(ct, angles):
    view = carm(*angles)
    expected, found = (DRRRenderer(ct, device).render_with_jacobian(view) for device in ("cpu", "cuda"))
    for on_cpu, on_cuda in zip(expected, found, strict=True):
        assert np.abs(on_cuda - on_cpu).max() < 1e-3 * np.abs(on_cpu).max()


def test_metal_and_materials_equal_the_cpus(ct):
    view = carm(30, 20)
    expected, found = (DRRRenderer(ct, device).render_materials(view, [cube(8)]) for device in ("cpu", "cuda"))
    assert np.allclose(found.drr(), expected.drr(), atol=1e-2)
    assert np.allclose(found.metal_mm.numpy(), expected.metal_mm.numpy(), atol=1e-2)


def test_scene_coordinates_equal_the_cpus(ct):
    view = carm(-40, 10)
    expected, found = (SceneCoordinateRenderer(ct, 300.0, device).render(view) for device in ("cpu", "cuda"))
    both = expected.valid & found.valid
    assert np.mean(expected.valid != found.valid) < 1e-3
    assert np.abs(found.entry_ras - expected.entry_ras)[both].max() < 0.1


def test_torch_gradients_stay_on_the_device(ct):
    views = [carm(*angles, size_px=(32, 32), pixel_mm=(8, 8)) for angles in VIEWS[:3]]
    gradients = []
    for device in ("cpu", "cuda"):
        voxels = torch.tensor(ct.attenuation, device=device, requires_grad=True)
        poses = torch.tensor(np.stack([view.extrinsic for view in views]), requires_grad=True)
        (render(DRRRenderer(ct, device), views, poses, voxels) ** 2).sum().backward()
        gradients.append((voxels.grad.cpu(), poses.grad))
    for on_cpu, on_cuda in zip(*gradients, strict=True):
        assert torch.allclose(on_cuda, on_cpu, atol=2e-3 * on_cpu.abs().max().item())
