"""What the network is shown, what it answers, and what it is told of that."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser
from scipy.spatial.transform import Rotation

from xray3d.registration.scene_regression.conventions import COORDINATE_MM, MULTIPLE
from xray3d.registration.scene_regression.losses import (
    Target,
    bone_loss,
    likelihood_loss,
    pose_loss,
    split_error,
)
from xray3d.registration.scene_regression.network import NETWORKS, Prediction, RecognitionNetwork
from xray3d.registration.scene_regression.picture import network_input

ROWS, COLUMNS = 24, 32
LEVER_MM = 60.0
# Small and alike in shape to the real one.
FEATURES = (4, 8, 8, 8, 8, 4)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def picture(seed: int = 0, count: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (n, 40, 48) and where they count: not in a corner, and not in a frame of two pixels."""
    images = torch.randn((count, 40, 48), generator=generator(seed)).cumsum(dim=1).cumsum(dim=2) / 30
    usable = torch.zeros_like(images)
    usable[:, 2:-2, 2:-2] = 1
    usable[:, 20:, :15] = 0
    return images, usable


@pytest.mark.parametrize(("gain", "offset"), [(1.0, 1000.0), (250.0, -40.0), (0.01, 0.0)])
def test_gain_and_offset_do_not_matter(gain, offset):
    images, usable = picture()
    expected = network_input(images.double(), usable.double())
    torch.testing.assert_close(
        network_input(gain * images.double() + offset, usable.double()), expected, atol=2e-3, rtol=0
    )


def test_what_does_not_count_has_no_influence():
    images, usable = picture()
    elsewhere = torch.where(usable > 0, images, 500 * torch.rand(images.shape, generator=generator(1)))
    torch.testing.assert_close(network_input(elsewhere, usable), network_input(images, usable))
    assert (network_input(images, usable)[:, :, 25:, :10] == 0).all()


def test_inputs_are_bounded_and_say_what_counts():
    images, usable = picture()
    images[:, 10, 10] = 1e5
    shown = network_input(images, usable)
    assert shown.shape == (2, 3, 40, 48)
    assert shown[:, :2].abs().max() <= 4
    assert torch.equal(shown[:, 2], usable)


def test_detail_shows_beside_what_is_much_brighter():
    """A pattern of a twentieth of the image's contrast is plain in the second channel."""
    images = torch.zeros((1, 96, 96))
    images[:, :, 48:] = 100
    images[:, :, :40] += 5 * (torch.arange(40) // 4 % 2)
    whole, local, _ = network_input(images, torch.ones_like(images))[0, :, 20:70, 9:30]
    assert local.std() > 5 * whole.std()
    assert local.std() > 0.25


@pytest.mark.parametrize("images", [torch.zeros((1, 40, 48)), torch.full((1, 40, 48), 7.0), picture()[0][:1]])
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_nothing_to_see_is_finite(images, share):
    assert torch.isfinite(network_input(images, torch.full_like(images, share))).all()


@pytest.mark.parametrize("size_px", [(64, 64), (64, 128), (192, 128)])
def test_maps_are_a_quarter_of_the_size_of_the_picture(size_px):
    network = RecognitionNetwork(FEATURES).eval()
    assert all(side % MULTIPLE == 0 for side in size_px)
    with torch.inference_mode():
        answer = network(torch.randn((2, 3, *size_px), generator=generator()))
    rows, columns = (side // 4 for side in size_px)
    assert answer.points.shape == (2, 6, rows, columns)
    assert answer.log_sigma.shape == (2, 4, rows, columns)
    assert answer.bone.shape == (2, rows, columns)
    assert torch.isfinite(answer.points).all()


def test_uncertainties_have_limits():
    network = RecognitionNetwork(FEATURES).eval()
    with torch.inference_mode():
        answer = network(1e4 * torch.randn((1, 3, 64, 64), generator=generator()))
    assert answer.log_sigma.min() >= -7
    assert answer.log_sigma.max() <= 3


@pytest.mark.parametrize("compares", [False, True])
def test_the_networks_follow_from_their_features_and_their_u_nets_from_their_definitions(compares):
    """The latter by MONAI alone, as whoever opens a model's folder does it."""
    network = NETWORKS[compares](FEATURES)
    assert network.compares == compares
    again = NETWORKS[compares](network.features)
    again.load_state_dict(network.state_dict())
    unet = ConfigParser({"network_def": network.definition}).get_parsed_content("network_def")
    weights = {key.removeprefix("unet."): w for key, w in network.state_dict().items() if key.startswith("unet.")}
    unet.load_state_dict(weights)
    shown = torch.randn((1, network.definition["in_channels"], 16, 16), generator=generator())
    with torch.inference_mode():
        torch.testing.assert_close(unet.eval()(shown), again.eval().unet(shown))


# Losses


def a_target(seed: int = 0, count: int = 2, share: float = 0.7) -> Target:
    """Points all about, rays from everywhere: a geometry in which every motion shows."""
    points = torch.rand((count, 6, ROWS, COLUMNS), generator=generator(seed), dtype=torch.float64) * 1.6 - 0.5
    along = torch.randn((count, 3, ROWS, COLUMNS), generator=generator(seed + 1), dtype=torch.float64)
    valid = torch.rand((count, ROWS, COLUMNS), generator=generator(seed + 2)) < share
    return Target(points, valid, torch.ones_like(valid), torch.nn.functional.normalize(along, dim=1))


def answer(target: Target, error: torch.Tensor | float = 0.0, log_sigma: float = -3.0) -> Prediction:
    """The truth but for an error (n, 2, 3, rows, cols) or one for all."""
    points = target.points.unflatten(1, (2, 3)) + error
    sigmas = torch.full((len(points), 4, ROWS, COLUMNS), log_sigma, dtype=points.dtype)
    return Prediction(points.flatten(1, 2), sigmas, torch.zeros_like(target.along[:, 0]))


def noise(target: Target, seed: int = 5) -> torch.Tensor:
    shape = target.points.unflatten(1, (2, 3)).shape
    return torch.randn(shape, generator=generator(seed), dtype=torch.float64)


def on_rays(target: Target, error: torch.Tensor) -> torch.Tensor:
    """Of an error, what is along the rays."""
    direction = target.along[:, None]
    return (error * direction).sum(dim=2, keepdim=True) * direction


def test_errors_are_split_along_and_across_the_ray():
    target = a_target()
    error = noise(target)
    across, along = split_error(answer(target, error), target)
    torch.testing.assert_close(across + along[:, :, None] * target.along[:, None], error)
    assert (across * target.along[:, None]).sum(dim=2).abs().max() < 1e-12
    torch.testing.assert_close(along[:, :, None] * target.along[:, None], on_rays(target, error))


@pytest.mark.parametrize("loss", [likelihood_loss, pose_loss])
def test_the_truth_has_the_smallest_loss_and_errors_grow_it(loss):
    target = a_target()
    error = noise(target)
    sizes = [loss(answer(target, size * error), target).item() for size in (0.0, 0.02, 0.1, 0.5, 2.0)]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("part", ["across", "along"])
def test_either_part_of_an_error_costs_likelihood(part):
    target = a_target()
    along = on_rays(target, noise(target))
    error = along if part == "along" else noise(target) - along
    sizes = [likelihood_loss(answer(target, size * error), target).item() for size in (0.0, 0.1, 0.5)]
    assert sizes == sorted(set(sizes))


def test_the_likeliest_uncertainty_is_the_standard_error():
    """Of errors drawn from the very distribution, per coordinate: across the ray in two dimensions, along it in one."""
    target, rng, sigma = a_target(count=8, share=1.0), np.random.default_rng(0), 0.05
    shape = (8, 2, 1, ROWS, COLUMNS)
    direction = target.along[:, None]
    sideways = torch.nn.functional.normalize(noise(target) - on_rays(target, noise(target)), dim=2)
    radius = torch.from_numpy(rng.gamma(2.0, sigma / np.sqrt(3), shape))
    depth = torch.from_numpy(rng.laplace(0, sigma / np.sqrt(2), shape))
    error = radius * sideways + depth * direction
    assert (radius.square().mean() / 2).sqrt().item() == pytest.approx(sigma, rel=0.03)
    assert depth.std().item() == pytest.approx(sigma, rel=0.03)
    for channel in range(4):
        smaller, exact, larger = (slope(target, error, channel, factor * sigma) for factor in (0.85, 1.0, 1.15))
        assert smaller < 0 < larger
        assert abs(exact) < 0.3 * min(-smaller, larger)


def slope(target: Target, error: torch.Tensor, channel: int, sigma: float) -> float:
    """How the loss changes with a channel's logarithm of sigma: the loss itself is eased by a weight that it has."""
    prediction = with_sigma(answer(target, error), channel, sigma)
    sigmas = prediction.log_sigma.requires_grad_()
    likelihood_loss(Prediction(prediction.points, sigmas, prediction.bone), target).backward()
    assert sigmas.grad is not None
    return sigmas.grad[:, channel].sum().item()


def with_sigma(prediction: Prediction, channel: int, sigma: float) -> Prediction:
    sigmas = prediction.log_sigma.clone()
    sigmas[:, channel] = np.log(sigma)
    return Prediction(prediction.points, sigmas, prediction.bone)


@pytest.mark.parametrize("loss", [likelihood_loss, pose_loss])
def test_what_is_not_valid_has_no_influence(loss):
    target = a_target()
    error = 0.1 * noise(target)
    elsewhere = torch.where(target.valid[:, None, None], error, 100.0)
    assert loss(answer(target, elsewhere), target).item() == pytest.approx(loss(answer(target, error), target).item())


@pytest.mark.parametrize("loss", [likelihood_loss, pose_loss])
@pytest.mark.parametrize("share", [0.0, 0.01, 1.0])
@pytest.mark.parametrize("size", [0.0, 0.1])
def test_gradients_are_finite_also_where_nothing_is_valid(loss, share, size):
    target = a_target(share=share)
    prediction = answer(target, size * noise(target))
    given = [prediction.points.requires_grad_(), prediction.log_sigma.requires_grad_()]
    value = loss(prediction, target)
    gradients = torch.autograd.grad(value, given, allow_unused=True)
    assert torch.isfinite(value)
    assert all(torch.isfinite(gradient).all() for gradient in gradients if gradient is not None)
    if share == 0:
        assert not gradients[0].any()


def test_bone_is_told_where_it_counts():
    target = a_target()
    target = replace(target, known=torch.rand(target.valid.shape, generator=generator(9)) < 0.8)
    logits = torch.where(target.valid, 3.0, -3.0).double()
    right, wrong = (bone_loss(Prediction(target.points, target.points, of), target).item() for of in (logits, -logits))
    assert right < 0.1 < wrong
    elsewhere = torch.where(target.known, logits, -20 * logits)
    assert bone_loss(Prediction(target.points, target.points, elsewhere), target).item() == pytest.approx(right)


def test_errors_along_the_rays_move_no_pose():
    target = a_target()
    error = noise(target)
    moved = 0.03 * error
    expected = pose_loss(answer(target, moved), target).item()
    assert pose_loss(answer(target, moved + on_rays(target, error)), target).item() == pytest.approx(expected)
    assert pose_loss(answer(target), target).item() < 0.01


def displaced(target: Target, shift_mm, turn_deg) -> torch.Tensor:
    """The error (n, 2, 3, rows, cols) of points that moved rigidly, turning about their middle."""
    errors = []
    for points, valid in zip(target.points, target.valid, strict=True):
        positions = points.unflatten(0, (2, 3)).movedim(1, -1)
        middle = positions[:, valid].mean(dim=(0, 1))
        turn = torch.from_numpy(Rotation.from_rotvec(turn_deg, degrees=True).as_matrix())
        moved = (positions - middle) @ turn.T + middle + torch.tensor(shift_mm, dtype=torch.float64) / COORDINATE_MM
        errors.append((moved - positions).movedim(-1, 1))
    return torch.stack(errors)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("shift_mm", "turn_deg"),
    [((2, 0, 0), (0, 0, 0)), ((0, -1, 3), (0, 0, 0)), ((0, 0, 0), (0.8, 0, 0)), ((1, -2, 0.5), (0.5, -0.3, 0.7))],
)
def test_the_loss_of_a_pose_is_by_how_far_it_is_off(seed, shift_mm, turn_deg):
    """Translation in mm, rotation as the displacement 60 mm away; with noise along the rays, which says nothing."""
    target = a_target(seed)
    error = displaced(target, shift_mm, turn_deg) + 0.05 * on_rays(target, noise(target))
    off_mm = np.linalg.norm([*shift_mm, *(LEVER_MM * np.deg2rad(turn_deg))])
    found = pose_loss(answer(target, error), target).item()
    assert found == pytest.approx(np.log1p(off_mm / 5), rel=0.01)


def test_sure_points_say_more_of_the_pose():
    """Half of the points are right, the other half say that all is 4 mm elsewhere; where they are unsure, no matter."""
    target = a_target(share=1.0)
    error = displaced(target, (4, 0, 0), (0, 0, 0))
    error[..., ::2] = 0
    losses = []
    for unsure in (-3.0, 0.0):
        prediction = answer(target, error)
        prediction.log_sigma[..., 1::2] = unsure
        losses.append(np.expm1(pose_loss(prediction, target).item()) * 5)
    assert losses[0] == pytest.approx(2.0, rel=0.1)
    assert losses[1] < 0.1


def test_views_count_alike_and_those_that_show_nothing_not_at_all():
    one, nothing = a_target(0, count=1), a_target(3, count=1, share=0.0)
    names = ("points", "valid", "known", "along")
    both = Target(*(torch.cat([getattr(of, name) for of in (one, nothing)]) for name in names))
    error = displaced(one, (3, 1, 0), (0, 0.5, 0))
    expected = pose_loss(answer(one, error), one).item()
    assert pose_loss(answer(both, torch.cat([error, error])), both).item() == pytest.approx(expected)
