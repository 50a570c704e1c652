"""Guesses, how X-rays match them, and what the comparing network says relative to them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.ndimage import shift as ndimage_shift

from registration_support import CENTRE, carm, patient
from scene_training_support import small_network
from xray3d.drr import DRRRenderer
from xray3d.geometry import Projection
from xray3d.registration.scene_regression.conventions import COORDINATE_MM, SIZE_PX, STRIDE
from xray3d.registration.scene_regression.correlation import (
    BEST,
    VOLUMES,
    best_displacements,
    correlation_volumes,
    likeness,
)
from xray3d.registration.scene_regression.guess import Guess, guess_images, guess_of
from xray3d.registration.scene_regression.network import ComparisonNetwork
from xray3d.registration.scene_regression.patient import PatientRenderer, Rendered
from xray3d.registration.scene_regression.picture import network_input

MAPS_PX = (SIZE_PX // STRIDE, SIZE_PX // STRIDE)
VIEWS = [carm(10, -20, size_px=(SIZE_PX, SIZE_PX), pixel_mm=(2.4, 2.4)), carm(-35, 15, size_px=(128, 128))]
LEVELS, REACH = 4, 4


@pytest.fixture(scope="module")
def rendered() -> list[Rendered]:
    return PatientRenderer(patient().ct, CENTRE, 250.0).render(VIEWS)


@pytest.fixture(scope="module")
def guess(rendered) -> Guess:
    return guess_of(rendered, CENTRE)


def in_camera(projection: Projection, points_ras) -> np.ndarray:
    """Relative to the centre, along the camera's axes."""
    return (points_ras - CENTRE) @ projection.extrinsic[:3, :3].T


def test_a_guess_says_how_deep_its_bones_are(rendered, guess):
    for number, view in enumerate(rendered):
        valid = view.valid.numpy()
        assert valid.sum() > 100
        np.testing.assert_array_equal(guess.depths[number, 2].numpy() > 0.5, valid)
        assert not guess.depths[number, :, ~view.valid].any()
        for kind in (0, 1):
            points = view.points[3 * kind : 3 * kind + 3].movedim(0, -1).numpy()[valid] * COORDINATE_MM + CENTRE
            depth_mm = guess.depths[number, kind].numpy()[valid] * COORDINATE_MM
            np.testing.assert_allclose(depth_mm, in_camera(view.projection, points)[:, 2], atol=1e-2)


def test_its_plane_passes_the_centre_parallel_to_the_receptor(guess):
    for number, view in enumerate(VIEWS):
        plane = guess.plane[number].movedim(0, -1).double().numpy() * COORDINATE_MM + CENTRE
        assert np.abs(in_camera(view, plane)[..., 2]).max() < 1e-2
        rows, columns = np.indices(MAPS_PX)
        seen = view.resampled(MAPS_PX).project(plane)
        np.testing.assert_allclose(seen, np.stack([columns, rows], axis=-1), atol=1e-2)


def test_a_right_guess_needs_nothing_more(rendered, guess):
    """A network that says nothing says that the X-rays are from where they are guessed to be."""
    points = silent_network()(pictures(), guess).points
    for number, view in enumerate(rendered):
        torch.testing.assert_close(points[number][:, view.valid], view.points[:, view.valid], atol=1e-3, rtol=0)


def test_answers_are_relative_to_the_guess(guess):
    """How deep along its rays, how far aside along its axes."""
    network = silent_network()
    silent = network(pictures(), guess).points.double().numpy() * COORDINATE_MM
    network.unet.final_conv.bias.data[:6] = torch.tensor([0.1, 0.2, 0.3, 0, 0, 0.5])
    off = network(pictures(), guess).points.double().numpy() * COORDINATE_MM - silent
    for number, view in enumerate(VIEWS):
        entry, leave = (in_camera(view, off[number, first : first + 3].reshape(3, -1).T + CENTRE) for first in (0, 3))
        rays = in_camera(view, guess.rays[number].flatten(1).double().numpy().T + CENTRE)
        np.testing.assert_allclose(rays[:, 2], 1, atol=1e-5)
        np.testing.assert_allclose(entry, 30 * rays + [1, 2, 0], atol=1e-2)
        np.testing.assert_allclose(leave, 50 * rays, atol=1e-2)


def silent_network() -> ComparisonNetwork:
    network = small_network().eval().requires_grad_(False)
    for weight in network.unet.final_conv.parameters():
        weight.zero_()
    return network


def pictures() -> torch.Tensor:
    return torch.randn((2, 3, SIZE_PX, SIZE_PX), generator=torch.Generator().manual_seed(0))


def texture(seed: int, scale: int = 1) -> np.ndarray:
    """A larger image to cut pictures from, smooth over so many pixels."""
    noise = np.random.default_rng(seed).normal(size=(320 // scale, 320 // scale))
    return np.kron(noise, np.ones((scale, scale)))


def cut(image: np.ndarray, down: int = 0, right: int = 0) -> torch.Tensor:
    part = image[96 + down : 224 + down, 96 + right : 224 + right]
    return torch.from_numpy(part.astype(np.float32))[None]


def guessed_as(tissue: torch.Tensor, bone: torch.Tensor) -> torch.Tensor:
    everywhere = torch.ones_like(tissue)
    return torch.cat([network_input(image, everywhere)[:, :2] for image in (tissue, bone)], dim=1)


@pytest.mark.parametrize(("level", "shift"), [(0, (2, -3)), (1, (-8, 4)), (2, (12, 8)), (3, (-16, -24))])
@pytest.mark.parametrize("kind", [0, 1])
def test_matches_are_best_where_the_guess_shows_what_the_xray_shows(level, shift, kind):
    """A displacement of d pixels of a level says that the guess shows at p + d what the X-ray shows at p."""
    image, other = texture(0, 2**level), texture(1, 2**level)
    down, right = shift
    # The guess is displaced: it shows `down` rows further down what the X-ray shows here.
    same, strange = cut(image, -down, -right), cut(other)
    shown = network_input(cut(image), torch.ones((1, SIZE_PX, SIZE_PX)))
    volumes = correlation_volumes(shown, guessed_as(*((same, strange) if kind == 0 else (strange, same))))
    assert volumes.shape == (1, VOLUMES, *MAPS_PX)
    side = 2 * REACH + 1
    inner = volumes[0, :, 8:-8, 8:-8].mean(dim=(1, 2)).reshape(LEVELS, 2, side, side)
    best = int(inner[level, kind].argmax())
    assert (best // side - REACH, best % side - REACH) == (down / 2**level, right / 2**level)
    assert inner[level, kind].max() > 3 * inner[level, 1 - kind].abs().max()
    found = best_displacements(volumes)
    assert found.shape == (1, BEST, *MAPS_PX)
    found = found[0, :, 8:-8, 8:-8].flatten(1).median(dim=1).values.reshape(3, LEVELS, 2)[:, level, kind]
    np.testing.assert_allclose(found[:2] * STRIDE, shift, atol=0.2 * 2**level)
    assert found[2] == pytest.approx(float(inner[level, kind].max()), abs=0.1)


@pytest.mark.parametrize("shift", [0.25, 0.5, -0.4])
def test_best_displacements_lie_between_pixels(shift):
    smooth = gaussian_filter(np.random.default_rng(5).normal(size=(320, 320)), 2.0)
    moved = ndimage_shift(smooth, (0, shift), order=3)
    one, other = cut(smooth), cut(moved)
    shown = network_input(one, torch.ones((1, SIZE_PX, SIZE_PX)))
    found = best_displacements(correlation_volumes(shown, guessed_as(other, other)))[0, :, 8:-8, 8:-8]
    down, right = found.flatten(1).median(dim=1).values.reshape(3, LEVELS, 2)[:2, 0, 0] * STRIDE
    assert down == pytest.approx(0.0, abs=0.05)
    assert right == pytest.approx(shift, abs=0.1)


def test_an_xray_looks_most_like_the_guess_that_is_right(rendered):
    everywhere = torch.ones((1, SIZE_PX, SIZE_PX))
    right, wrong = (guess_images(view.soft[None], view.bone[None]) for view in rendered)
    image = (rendered[0].soft + rendered[0].bone)[None]
    of_wrong, of_right = likeness(network_input(image, everywhere), torch.cat([wrong, right]))
    assert of_right > 2 * of_wrong
    torch.testing.assert_close(likeness(network_input(image, everywhere), right), of_right[None])
    half = everywhere.clone()
    half[:, 64:] = 0
    spoilt = torch.where(half > 0, image, 1e3)
    expected = likeness(network_input(image, half), right)
    torch.testing.assert_close(likeness(network_input(spoilt, half), right), expected, rtol=1e-3, atol=0)


def test_matches_depend_on_neither_gain_nor_offset_nor_what_does_not_count():
    image = texture(2, 4)
    guessed = guessed_as(cut(image), cut(image))
    usable = torch.ones((1, SIZE_PX, SIZE_PX))
    usable[:, :40] = 0
    first, second = cut(image), 700 * cut(image) - 12
    second[:, :40] = 1e5
    of_first, of_second = (correlation_volumes(network_input(one, usable), guessed) for one in (first, second))
    torch.testing.assert_close(of_first, of_second, atol=2e-3, rtol=1e-3)
    assert not of_first[:, : 2 * (2 * REACH + 1) ** 2, :7].any(), "nothing matches what does not count"


def test_every_picture_has_its_own_guess(rendered):
    """Exchanged, they exchange the answers."""
    network = small_network().eval()
    with torch.inference_mode():
        there = network(pictures(), guess_of(rendered, CENTRE))
        back = network(pictures().flip(0), guess_of(rendered[::-1], CENTRE))
    torch.testing.assert_close(there.points, back.points.flip(0))
    assert not torch.allclose(there.points[0], there.points[1], atol=0.01)


def test_pictures_need_not_be_square(rendered):
    wide = replace(VIEWS[0], size_px=(128, 192))
    (view,) = PatientRenderer(patient().ct, CENTRE, 250.0).render([wide])
    with torch.inference_mode():
        answer = small_network().eval()(torch.zeros((1, 3, 128, 192)), guess_of([view], CENTRE))
    assert answer.points.shape == (1, 6, 32, 48)


def test_voxels_are_as_coarse_as_pixels_allow(monkeypatch):
    """Pixels of half a vertebra's pedicle show no more of fine voxels than of rough ones."""
    renderer = PatientRenderer(patient().ct, CENTRE, 250.0)
    fine, rough = VIEWS[0], VIEWS[0].resampled((48, 48))
    alike = []
    for view in (fine, rough):
        soft, bone = renderer.line_integrals([view])
        exact = DRRRenderer(patient().ct).render(view)
        alike.append(np.corrcoef(exact.ravel(), (soft + bone)[0].numpy().ravel())[0, 1])
    assert min(alike) > 0.98
    monkeypatch.setattr(renderer, "_renderer", None)
    renderer.line_integrals([rough])
    with pytest.raises(AttributeError):
        renderer.line_integrals([fine])
