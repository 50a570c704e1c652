"""Vertebrae found on X-rays: heat maps put together in space, by a network that is right, or wrong on some of them."""

import numpy as np
import pytest
import torch
from torch import nn

from xray3d import Projection, XRayImage
from xray3d.datasets.morphometry import MEAN_SHAPES
from xray3d.datasets.vertebra import vertebra_distance
from xray3d.errors import GeometryError, ModelError, VolumeError
from xray3d.reconstruction.body_middle import body_middle
from xray3d.reconstruction.grid import GRID_SIZE_IJK, grid_about
from xray3d.reconstruction.level_finding import locate as module
from xray3d.reconstruction.level_finding.common_volume import box_seen_twice
from xray3d.reconstruction.level_finding.found import Found, naming_doubt
from xray3d.reconstruction.level_finding.locate import LevelLocator, locate
from xray3d.reconstruction.level_finding.network import MULTIPLE, HeatMaps
from xray3d.reconstruction.level_finding.source import PIXEL_MM
from xray3d.reconstruction.level_finding.views import View
from xray3d.reconstruction.reconstruct import Reconstruction
from xray3d.reconstruction.region import frame_of
from xray3d.reconstruction.scenes import LEVELS

SIZE = (300, 260)
ISOCENTRE = np.array([12.0, -30.0, 480.0])
# A lordotic spine, 34 mm a level.
MIDDLES = {
    level: ISOCENTRE + [1.5 * number, 20 * np.sin(number / 2), 85.0 - 34.0 * number]
    for number, level in enumerate(LEVELS)
}
ANGLES = (0, 90, -45, 40)


def projection(angle_deg, size=SIZE, pixel_mm=1.4, middle=ISOCENTRE, tilt_deg=4.0):
    return Projection.from_carm(angle_deg, tilt_deg, middle, 1040.0, 710.0, size, (pixel_mm, pixel_mm))


def xray(one, name="X-ray"):
    return XRayImage(np.random.default_rng(0).random(one.size_px), one, name)


def gaussian(size, pixel, sigma_px):
    """(rows, cols) logarithm of a normal distribution about a column and a row."""
    rows, columns = np.indices(size)
    logits = -((columns - pixel[0]) ** 2 + (rows - pixel[1]) ** 2) / (2 * sigma_px**2)
    return torch.log_softmax(torch.from_numpy(logits).flatten(), dim=0).unflatten(0, size).float()


class Right(nn.Module):
    """A network that knows where everything is.

    Args:
        xrays: that it will be shown, in this order.
        shown: for each of them the middle of each level, or None where it denies it.
    """

    def __init__(self, xrays, shown, sigma_px=2.0):
        super().__init__()
        self.any, self.sigma_px, self.images = nn.Parameter(torch.zeros(1)), sigma_px, []
        middle = box_seen_twice(xrays).mean(axis=0)
        self._views = iter([(View.of(one, middle), of) for one, of in zip(xrays, shown, strict=True)])

    def forward(self, images):
        self.images.append(images)
        view, middles = next(self._views)
        size = tuple(images.shape[2:])
        pixels, unseen = torch.full((1, len(LEVELS), *size), -60.0), torch.full((1, len(LEVELS)), -1e-3)
        for number, level in enumerate(LEVELS):
            point = middles.get(level)
            if point is None:
                continue
            column, row, depth = view.matrix @ np.append(point, 1.0)
            pixel = np.array([column, row]) / depth
            if (pixel >= 0).all() and (pixel <= np.array(view.pixels.shape[::-1]) - 1).all():
                pixels[0, number] = gaussian(size, pixel, self.sigma_px) + np.log(0.999)
                unseen[0, number] = np.log(0.001)
        return HeatMaps(pixels, unseen)


def found_on(xrays, shown=None, **options):
    return LevelLocator(Right(xrays, shown or len(xrays) * [MIDDLES], **options)).locate(xrays)


class Seeing:
    """Reconstructs vertebrae where they are: a formula, seen by so many X-rays each."""

    def __init__(self, aside_mm=0.0):
        self.aside_mm, self.views = aside_mm, []

    def reconstruct(self, xrays, place_ras):
        self.views.append(len(xrays))
        middle = min(MIDDLES.values(), key=lambda one: np.linalg.norm(one - place_ras)) + [0, 0, self.aside_mm]
        to_ras = grid_about(frame_of(place_ras))
        kji = np.stack(np.meshgrid(*(np.arange(side) for side in GRID_SIZE_IJK[::-1]), indexing="ij"))
        points = np.tensordot(to_ras[:3, :3], kji[::-1], 1) + (to_ras[:3, 3] - middle)[:, None, None, None]
        inside = vertebra_distance(points.astype(np.float32), MEAN_SHAPES[4]) < 0
        return Reconstruction(inside.astype(np.float32), to_ras)


def off_mm(found):
    return max(np.linalg.norm(one.middle_ras - MIDDLES[one.level]) for one in found)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_what_is_exact_on_x_rays_is_exact_in_space(count):
    found = found_on([xray(projection(angle)) for angle in ANGLES[:count]])
    assert tuple(one.level for one in found) == LEVELS
    assert off_mm(found) < 1.0
    for one in found:
        assert one.seen_by == count
        assert one.confidence > 0.9
        assert 1.0 < one.sigma_mm < 6.0


def test_more_views_and_sharper_heat_maps_are_surer():
    sigmas = []
    for count, sigma_px in ((2, 3.0), (2, 2.0), (4, 2.0)):
        found = found_on([xray(projection(angle)) for angle in ANGLES[:count]], sigma_px=sigma_px)
        sigmas.append(np.mean([one.sigma_mm for one in found]))
    assert sigmas == sorted(sigmas, reverse=True)
    assert sigmas[0] > 1.3 * sigmas[2]


@pytest.mark.parametrize("shift", [(0.0, 0.0, -34.0), (30.0, 5.0, 20.0)])
@pytest.mark.parametrize("count", [3, 4])
def test_one_x_ray_that_is_wrong_is_outvoted(count, shift):
    """By a level, or by some way."""
    wrong = {level: middle + np.array(shift) for level, middle in MIDDLES.items()}
    found = found_on([xray(projection(angle)) for angle in ANGLES[:count]], (count - 1) * [MIDDLES] + [wrong])
    assert tuple(one.level for one in found) == LEVELS
    assert off_mm(found) < 1.5
    assert {one.seen_by for one in found} == {count - 1}


def test_a_level_that_one_x_ray_does_not_show_is_found_by_the_others():
    """Outside of the image of one, denied by another."""
    low = projection(-45, size=(180, 260), middle=ISOCENTRE - [0, 0, 60.0])
    assert not low.sees(MIDDLES["T12"])
    assert low.sees(MIDDLES["L4"])
    xrays = [xray(projection(0)), xray(projection(90)), xray(low), xray(projection(40))]
    without_l2 = {level: middle for level, middle in MIDDLES.items() if level != "L2"}
    found = {one.level: one for one in found_on(xrays, [MIDDLES, MIDDLES, MIDDLES, without_l2])}
    assert tuple(found) == LEVELS
    assert off_mm(found.values()) < 1.0
    assert (found["T12"].seen_by, found["L2"].seen_by, found["L4"].seen_by) == (3, 3, 4)


def test_what_only_one_x_ray_shows_or_none_is_not_told():
    xrays = [xray(projection(0)), xray(projection(90)), xray(projection(45))]
    nothing, some = {}, {"L2": MIDDLES["L2"], "L3": MIDDLES["L3"]}
    assert found_on(xrays, [nothing, nothing, nothing]) == []
    assert found_on(xrays, [MIDDLES, nothing, nothing]) == []
    assert [one.level for one in found_on(xrays, [MIDDLES, some, nothing])] == ["L2", "L3"]


def test_two_x_rays_that_contradict_each_other_say_nothing():
    lower = {level: middle - [0, 0, 34.0] for level, middle in MIDDLES.items()}
    assert found_on([xray(projection(0)), xray(projection(90))], [MIDDLES, lower]) == []


def test_views_far_up_and_far_down_find_each_their_levels():
    """What no X-ray shows as a whole."""
    up, down = (ISOCENTRE + [0, 0, shift] for shift in (75.0, -75.0))
    xrays = [xray(projection(angle, (150, 200), middle=middle)) for middle in (up, down) for angle in (0, 90)]
    found = found_on(xrays)
    assert tuple(one.level for one in found) == LEVELS
    assert off_mm(found) < 1.0
    assert {one.seen_by for one in found} <= {2, 4}


class Brightest(nn.Module):
    """A network that takes what is brightest for L3, and keeps what it was shown."""

    def __init__(self):
        super().__init__()
        self.any, self.images = nn.Parameter(torch.zeros(1)), []

    def forward(self, images):
        self.images.append(images[0, 0])
        size = tuple(images.shape[2:])
        row, column = np.unravel_index(int(images[0, 0].argmax()), size)
        pixels, unseen = torch.full((1, len(LEVELS), *size), -60.0), torch.zeros(1, len(LEVELS))
        pixels[0, 3], unseen[0, 3] = gaussian(size, (column, row), 2.0), -60.0
        return HeatMaps(pixels, unseen)


def with_light(one):
    """A bright spot at L3 and one that is less bright at L1, on a gentle slope."""
    rows, columns = np.indices(one.size_px)
    image = rows / one.size_px[0]
    for level, brightness in (("L3", 2.0), ("L1", 1.4)):
        column, row = one.project(MIDDLES[level])
        radius = 5.0 / one.pixel_mm[0]
        image = image + brightness * np.exp(-((columns - column) ** 2 + (rows - row) ** 2) / (2 * radius**2))
    return XRayImage(image, one)


def turned(one, quarters):
    """The same detector mounted turned about the central ray."""
    angle = quarters * np.pi / 2
    return one.perturbed([0, 0, 0, 0, 0, angle])


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
@pytest.mark.parametrize("pixel_mm", [0.6, 1.4, 3.1])
def test_detectors_of_any_pixels_mounted_any_way_show_the_network_the_same(quarters, pixel_mm):
    size = tuple(round(side * 1.4 / pixel_mm) for side in (300, 280))
    xrays = [with_light(turned(projection(angle, size, pixel_mm), quarters)) for angle in (0, 90)]
    network = Brightest().eval()
    (found,) = LevelLocator(network).locate(xrays)
    assert found.level == "L3"
    assert np.linalg.norm(found.middle_ras - MIDDLES["L3"]) < 2.0
    for image in network.images:
        assert all(side % MULTIPLE == 0 for side in image.shape)
        row, column = np.unravel_index(int(image.argmax()), image.shape)
        others = image.clone()
        others[max(0, row - 12) : row + 13, max(0, column - 12) : column + 13] = -9
        above, beside = np.unravel_index(int(others[:, max(0, column - 20) : column + 20].argmax()), (len(others), 40))
        assert row - above == pytest.approx(68 / PIXEL_MM, abs=8), "L1 is above L3"
        assert abs(beside - min(20, column)) < 10


def test_bad_input_is_one_sentence(monkeypatch, tmp_path):
    front, side = xray(projection(0)), xray(projection(90))
    with pytest.raises(VolumeError, match="no X-ray to find vertebrae on; give at least two"):
        LevelLocator(nn.Identity()).locate([])
    with pytest.raises(GeometryError, match="From one X-ray depth cannot be known"):
        LevelLocator(nn.Identity()).locate([front])
    with pytest.raises(VolumeError, match="grey one has one grey value"):
        LevelLocator(nn.Identity()).locate([front, XRayImage(np.ones(SIZE), side.projection, "grey one")])
    for same in (projection(0), projection(3), projection(180, tilt_deg=-4.0)):
        with pytest.raises(GeometryError, match="from one direction"):
            LevelLocator(nn.Identity()).locate([front, xray(same)])
    elsewhere = xray(projection(90, middle=ISOCENTRE + [0, 0, 700.0]), "far away")
    with pytest.raises(GeometryError, match="far away sees no part of the patient"):
        LevelLocator(nn.Identity()).locate([front, side, elsewhere])
    module._shipped.cache_clear()
    monkeypatch.setattr(module, "SHIPPED", tmp_path / "x23d_levels")
    with pytest.raises(ModelError):
        locate([front, side])


def test_the_shipped_network_is_asked(monkeypatch):
    xrays = [xray(projection(0)), xray(projection(90))]
    monkeypatch.setattr(module, "_shipped", lambda device: LevelLocator(Right(xrays, 2 * [MIDDLES])))
    assert [one.level for one in locate(xrays)] == list(LEVELS)


def test_middles_are_those_of_bodies_that_are_reconstructed():
    """Heat maps are some millimetres off; the X-ray that does not see a vertebra is not asked about it."""
    low = xray(projection(-45, size=(180, 260), middle=ISOCENTRE - [0, 0, 60.0]))
    xrays = [*(xray(projection(angle)) for angle in ANGLES[:2]), low]
    off = {level: middle + [4.0, -3.0, 5.0] for level, middle in MIDDLES.items()}
    reconstructor = Seeing()
    found = LevelLocator(Right(xrays, 3 * [off]), reconstructor).locate(xrays)
    assert tuple(one.level for one in found) == LEVELS
    assert off_mm(found) < 2.5
    assert off_mm(found_on(xrays, 3 * [off])) > 6
    assert set(reconstructor.views) == {2, 3}


def test_what_is_reconstructed_of_the_neighbour_is_not_believed():
    xrays = [xray(projection(angle)) for angle in ANGLES[:2]]
    found = LevelLocator(Right(xrays, 2 * [MIDDLES]), Seeing(aside_mm=17.0)).locate(xrays)
    assert off_mm(found) < 1.5


def test_nothing_reconstructed_has_no_middle():
    empty = Reconstruction(np.zeros(GRID_SIZE_IJK[::-1], np.float32), grid_about(np.eye(4)))
    assert body_middle(empty) is None


@pytest.mark.parametrize(("confidences", "is_sure"), [([0.99, 1.0, 0.9], True), ([0.97, 0.9, 0.9], False), ([], True)])
def test_names_that_are_unsure_are_said_to_be(confidences, is_sure):
    found = [Found("L3", np.zeros(3), 2.0, confidence, 2) for confidence in confidences]
    doubt = naming_doubt(found)
    assert (doubt is None) == is_sure
    assert is_sure or "next vertebra up or down" in doubt
