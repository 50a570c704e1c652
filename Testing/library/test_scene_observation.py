"""X-rays of any kind as the network is shown them, and its answers as maps."""

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from registration_support import CENTRE, carm, patient, xray_room
from scene_training_support import pixel_grid
from xray3d import Projection, XRayImage
from xray3d.drr.scene_coordinates import SceneCoordinateRenderer, SceneCoordinates
from xray3d.registration.scene_regression.conventions import COORDINATE_MM, FINENESS, MULTIPLE, STRIDE
from xray3d.registration.scene_regression.network import Prediction
from xray3d.registration.scene_regression.observation import Picture, coarser, picture_of, recognise, show
from xray3d.registration.views import prepare_view

WHOLE = dict(size_px=(150, 120), pixel_mm=(2.0, 2.0))


def shown(view: Projection, pixels: np.ndarray | None = None, mask: np.ndarray | None = None) -> Picture:
    """The picture of an X-ray, by default of line integrals."""
    image = xray_room().render(view) if pixels is None else pixels
    return picture_of(prepare_view(XRayImage(image, view), mask), view)


def of_picture(picture: Picture) -> Projection:
    """The projection of the picture itself."""
    return picture.projection.resampled(picture.image.shape)


@pytest.mark.parametrize(
    "view",
    [
        carm(10, -5, **WHOLE),
        carm(-30, 20, size_px=(64, 64), pixel_mm=(4.5, 4.5)),
        carm(0, 0, size_px=(300, 500), pixel_mm=(1.0, 0.6)),
        carm(80, 0, size_px=(90, 90), pixel_mm=(1.0, 1.0)),
        carm(0, 15, size_px=(33, 400), pixel_mm=(1.0, 1.0)),
    ],
)
def test_an_xray_of_any_size_is_shown_as_its_projection_says(view):
    """What a renderer makes of the picture's projection is the picture."""
    picture = shown(view)
    rows, columns = picture.image.shape
    assert picture.image.dtype == picture.usable.dtype == np.float32
    assert rows % MULTIPLE == columns % MULTIPLE == 0
    assert picture.projection.size_px == (rows // STRIDE, columns // STRIDE)
    assert set(np.unique(picture.usable)) <= {0.0, 1.0}
    inner = cv2.erode(picture.usable, np.ones((5, 5))) > 0
    assert inner.mean() > 0.1
    rendered = xray_room().render(of_picture(picture))
    assert np.corrcoef(picture.image[inner], rendered[inner])[0, 1] > 0.99


@pytest.mark.parametrize(
    ("pixels", "pixel_mm", "expected_mm"),
    [
        (128, 2.4, 2.4),  # as in training
        (256, 1.6, 2.4),  # a larger receptor: more pixels, not larger ones
        (110, 1.0, 110 / 128),  # a local view fills the network's picture
        (90, 0.5, 0.8),  # but is not enlarged beyond what was trained
    ],
)
def test_pixels_are_shown_at_the_angle_at_which_the_network_was_trained(pixels, pixel_mm, expected_mm):
    noise = np.random.default_rng(0).random((pixels, pixels))
    for sdd_mm in (1020.0, 1400.0):
        scale = sdd_mm / 1020
        size, spacing = (pixels, pixels), (scale * pixel_mm, scale * pixel_mm)
        view = Projection.from_carm(0, 0, CENTRE, sdd_mm, 0.7 * sdd_mm, size, spacing)
        assert of_picture(shown(view, noise)).pixel_mm == pytest.approx((scale * expected_mm,) * 2, rel=0.01)


def test_maps_are_where_the_xray_sees_them():
    """Scene coordinates at the picture's projection and at the X-ray's: one point, one ray."""
    view, bones = carm(15, 10, **WHOLE), SceneCoordinateRenderer(patient().ct)
    picture = shown(view)
    projection = picture.projection
    at_maps, at_view = bones.render(projection), bones.render(view)
    last = STRIDE - 1
    seen = at_maps.valid & (picture.usable[::STRIDE, ::STRIDE] > 0) & (picture.usable[last::STRIDE, last::STRIDE] > 0)
    assert seen.sum() > 120
    entry = at_maps.entry_ras[seen]
    np.testing.assert_allclose(projection.project(entry), pixel_grid(projection.size_px)[seen], atol=0.02)
    column, row = np.rint(view.project(entry)).astype(int).T
    assert (column >= 0).all()
    assert (row >= 0).all()
    there = at_view.entry_ras[row, column]
    assert np.nanmedian(np.linalg.norm(there - entry, axis=-1)) < 2.0


def test_of_a_half_closed_collimator_the_open_part_is_shown():
    view = carm(0, 0, size_px=(128, 128), pixel_mm=(2.4, 2.4))
    pixels = xray_room().render(view).copy()
    pixels[:, :28] = pixels[96:] = -1.0
    picture = shown(view, pixels)
    rendered, counts = xray_room().render(of_picture(picture)), picture.usable > 0
    assert np.corrcoef(picture.image[counts], rendered[counts])[0, 1] > 0.99
    column, row = view.project(of_picture(picture).unproject(np.argwhere(counts)[:, ::-1], 700.0)).T
    assert 27.5 < column.min() < 40, "nothing of the blades, and hardly less than the field"
    assert 84 < row.max() < 95.5
    assert of_picture(picture).pixel_mm[1] == pytest.approx(2.4 * 92 / 128, rel=0.1), "it fills the picture"


@pytest.mark.parametrize("view", [carm(10, -5, **WHOLE), carm(0, 0, size_px=(300, 500), pixel_mm=(1.0, 0.6))])
def test_a_finer_picture_shows_the_same_and_may_be_made_coarser(view):
    mask = np.zeros(view.size_px, bool)
    mask[: view.size_px[0] // 3, : view.size_px[1] // 2] = True
    read = prepare_view(XRayImage(xray_room().render(view), view), mask)
    coarse, fine = (show(picture_of(read, view, fineness), torch.device("cpu")) for fineness in (1, FINENESS))
    made = coarser(fine)
    rows, columns = (min(one.projection.size_px[axis] for one in (coarse, made)) - 3 for axis in (0, 1))
    np.testing.assert_allclose(made.projection.pixel_mm, coarse.projection.pixel_mm, rtol=0.02)
    point = view.unproject([view.size_px[1] / 2, view.size_px[0] / 2], 700.0)
    np.testing.assert_allclose(made.projection.project(point), coarse.projection.project(point), atol=0.1)
    assert (made.usable - coarse.usable)[:rows, :columns].abs().mean() < 0.02
    one, other = (level.picture[0, 0, : STRIDE * rows, : STRIDE * columns].flatten() for level in (made, coarse))
    assert torch.corrcoef(torch.stack([one, other]))[0, 1] > 0.99


def test_what_is_masked_is_shown_as_such():
    view = carm(0, 0, **WHOLE)
    mask = np.zeros(view.size_px, bool)
    mask[60:90, 40:70] = True
    picture = shown(view, mask=mask)
    pixels = view.project(of_picture(picture).unproject(pixel_grid(picture.image.shape), 700.0))
    column, row = np.moveaxis(pixels, -1, 0)
    masked = (column > 39.5) & (column < 69.5) & (row > 59.5) & (row < 89.5)
    assert not picture.usable[masked].any()
    outside = (column < 37) | (column > 72) | (row < 57) | (row > 92)
    in_xray = (column > 1) & (column < 118) & (row > 1) & (row < 148)
    assert picture.usable[outside & in_xray].mean() > 0.85


class Oracle(nn.Module):
    """Answers with scene coordinates that it was given, and with what it is sure of."""

    def __init__(self, scene: SceneCoordinates, sigma_mm: float = 1.0, exit_sigma_mm: float = 2.0) -> None:
        super().__init__()
        self.anywhere = nn.Parameter(torch.zeros(1))
        points = np.concatenate([scene.entry_ras, scene.exit_ras], axis=-1) - np.tile(CENTRE, 2)
        self.points = torch.from_numpy(np.nan_to_num(points) / COORDINATE_MM).float().permute(2, 0, 1)[None]
        self.valid = torch.from_numpy(scene.valid)[None]
        sigmas = torch.tensor([sigma_mm, 500.0, exit_sigma_mm, 500.0])[:, None, None] / COORDINATE_MM
        self.log_sigma = sigmas.log().expand(4, *scene.valid.shape)[None]

    def forward(self, pictures: torch.Tensor) -> Prediction:
        assert pictures.shape[2:] == tuple(STRIDE * side for side in self.valid.shape[1:])
        return Prediction(self.points, self.log_sigma, torch.where(self.valid, 5.0, -5.0))


def test_maps_are_what_the_network_answers_where_it_is_sure():
    picture = shown(carm(15, 10, **WHOLE))
    scene = SceneCoordinateRenderer(patient().ct).render(picture.projection)
    on_device = show(picture, torch.device("cpu"))
    maps = recognise(Oracle(scene), CENTRE, on_device)
    seen = cv2.resize(picture.usable, picture.projection.size_px[::-1], interpolation=cv2.INTER_AREA) > 0.5
    np.testing.assert_array_equal(maps.valid, scene.valid & seen)
    np.testing.assert_allclose(maps.entry_ras[maps.valid], scene.entry_ras[maps.valid], atol=1e-3)
    np.testing.assert_allclose(maps.exit_ras[maps.valid], scene.exit_ras[maps.valid], atol=1e-3)
    assert maps.entry_sigma_mm == pytest.approx(np.full(maps.valid.shape, 1.0))
    assert maps.exit_sigma_mm == pytest.approx(np.full(maps.valid.shape, 2.0))
    assert not recognise(Oracle(scene, 1.0, 40.0), CENTRE, on_device).valid.any(), "either point must be known"
    assert not recognise(Oracle(scene, 40.0, 1.0), CENTRE, on_device).valid.any()
