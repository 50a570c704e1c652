"""Blur, collimator, output curves and display."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from physics_support import receptor, to_warp
from xray3d.drr.physics.blur import focal_spot_sigma_mm, gaussian_blur, mtf_sigma_mm
from xray3d.drr.physics.collimator import Collimator, collimate
from xray3d.drr.physics.display import to_display
from xray3d.drr.physics.output import OutputCurve
from xray3d.drr.physics.primary import Beam
from xray3d.errors import XRay3DError

RNG = np.random.default_rng(0)


def test_blur_agrees_with_a_gaussian_and_keeps_views_apart():
    images = RNG.uniform(size=(3, 40, 50)).astype(np.float32)
    blurred = gaussian_blur(to_warp(images), (3.0, 4.5)).numpy()
    for image, result in zip(images, blurred, strict=True):
        np.testing.assert_allclose(result, gaussian_filter(image, (3.0, 4.5), truncate=6), atol=2e-3)
        assert result.mean() == pytest.approx(image.mean(), rel=1e-5)


@pytest.mark.parametrize("sigma_px", [0.2, 0.7, 3.0])
def test_blur_spreads_a_point_by_its_variance(sigma_px):
    point = np.zeros((1, 61, 61), np.float32)
    point[0, 30, 30] = 1.0
    blurred = gaussian_blur(to_warp(point), (sigma_px, 0.0)).numpy()[0]
    offsets = np.arange(61) - 30
    assert (blurred.sum(axis=1) * offsets**2).sum() == pytest.approx(sigma_px**2, rel=0.01)
    assert (blurred.sum(axis=0) * offsets**2).sum() == pytest.approx(0.0, abs=1e-6)


def test_blur_wider_than_the_image_keeps_its_mean():
    image = RNG.uniform(size=(1, 5, 4)).astype(np.float32)
    blurred = gaussian_blur(to_warp(image), (20.0, 20.0)).numpy()
    np.testing.assert_allclose(blurred, image.mean(), rtol=1e-3)


def test_widths_of_focal_spot_and_detector():
    # At magnification 1.5 a spot of 0.6 mm has an image of 0.3 mm; a uniform one has the variance width²/12.
    assert focal_spot_sigma_mm(0.6, 1.5) == pytest.approx(0.3 / np.sqrt(12))
    sigma_mm = mtf_sigma_mm(1.3)
    x = np.linspace(-3, 3, 60001)
    psf = np.exp(-(x**2) / (2 * sigma_mm**2))
    assert (psf * np.cos(2 * np.pi * 1.3 * x)).sum() / psf.sum() == pytest.approx(0.5, abs=1e-4)


def test_collimator_is_open_inside_and_closed_outside():
    projection = receptor((100, 200), (1.0, 0.5))
    field = Collimator("rectangle", (40.0, 60.0), edge_mm=4.0).field(projection)
    assert field.shape == (100, 200)
    assert field[50, 100] == 1.0
    assert field[50, 39:41].mean() == pytest.approx(0.5, abs=0.01)  # 30 mm to the side, the middle of the penumbra
    assert field[20, 100] < 0.01
    assert field.mean() == pytest.approx(40 * 60 / 1e4, rel=0.02)
    circle = Collimator("circle").field(projection)
    assert circle.mean() == pytest.approx(np.pi / 4, rel=0.03)
    ones = to_warp(np.ones((2, 100, 200)))
    shaded = collimate(Beam(ones, ones), to_warp(field))
    np.testing.assert_allclose(shaded.signal.numpy()[1], field)
    np.testing.assert_allclose(shaded.variance.numpy()[0], field)


@pytest.mark.parametrize("scale", ["log", "linear"])
@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("inverted", [False, True])
def test_stored_values_give_the_signal_back(scale, bits, inverted):
    curve = OutputCurve(scale, bits, (1e-3, 1.0), inverted)
    signal = np.geomspace(1e-3, 1.0, 600, dtype=np.float32).reshape(1, 20, 30)
    stored = curve.store(to_warp(signal)).numpy()
    assert stored.dtype == np.uint16
    assert stored.max() == curve.largest_value == 2**bits - 1
    assert stored.min() == 0
    assert (
        (np.diff(stored.ravel().astype(int)) <= 0).all()
        if inverted
        else (np.diff(stored.ravel().astype(int)) >= 0).all()
    )
    step = np.log(1e3) / curve.largest_value * signal if scale == "log" else 1.0 / curve.largest_value
    assert (np.abs(curve.signal(stored) - signal) <= 0.51 * step + 1e-6).all()


def test_signals_beyond_the_window_are_clipped():
    stored = OutputCurve("log", 12, (1e-2, 1.0)).store(to_warp([[[-1.0, 0.0, 1e-9, 5.0]]])).numpy().ravel()
    np.testing.assert_array_equal(stored, [0, 0, 0, 4095])


def test_display_shows_bone_dark_or_bright_and_blackens_the_shutter():
    signal = np.full((1, 80, 80), 0.02, np.float32)
    signal[..., 30:50] = 0.005
    signal *= np.random.default_rng(0).uniform(0.98, 1.02, signal.shape)
    field = np.zeros((80, 80))
    field[10:70, 10:70] = 1.0
    dark, bright = to_display(signal, field), to_display(signal, field, inverted=True)
    assert dark.dtype == np.uint8
    assert dark[0, 40, 40] + 100 < dark[0, 40, 15]
    assert bright[0, 40, 40] > bright[0, 40, 15] + 100
    assert dark[0, :10].max() == bright[0, :10].max() == 0


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: OutputCurve(bits=7), "bits"),
        (lambda: OutputCurve("gamma"), "scale"),
        (lambda: OutputCurve(window=(1.0, 0.5)), "window"),
        (lambda: OutputCurve(window=(0.0, 1.0)), "window"),
        (lambda: Collimator("hexagon"), "shape"),
        (lambda: Collimator("circle", (-3.0, 2.0)), "size_mm"),
        (lambda: Collimator("circle", edge_mm=0.0), "edge_mm"),
        (lambda: to_display(np.ones((4, 4)), np.zeros((4, 4))), "field"),
    ],
)
def test_bad_parameters_are_named(make, names):
    with pytest.raises(XRay3DError, match=names):
        make()
