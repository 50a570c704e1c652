"""Implants out of X-rays, end to end, with networks that were never trained."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from inpainting_support import save_model
from registration_support import carm
from xray3d import XRayImage
from xray3d.errors import DeviceError, VolumeError
from xray3d.inpainting import inpainter
from xray3d.inpainting.finding import Found
from xray3d.inpainting.inpainter import Inpainter, inpaint
from xray3d.inpainting.network import ImplantNetwork

PICTURE = 120 + 40 * gaussian_filter(np.random.default_rng(0).normal(size=(96, 80)), 3)
SCREW = np.zeros(PICTURE.shape, bool)
SCREW[40:70, 30:36] = True
WITH_METAL = PICTURE + np.where(SCREW, 60.0, 0.0)


@pytest.fixture(autouse=True)
def shipped(tmp_path, monkeypatch):
    """A model in the place of the one that comes with the library."""
    save_model(tmp_path / "model")
    monkeypatch.setattr(inpainter, "SHIPPED", tmp_path / "model")
    inpainter._shipped.cache_clear()
    yield
    inpainter._shipped.cache_clear()


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16, np.float32, np.float64])
def test_an_image_comes_back_as_it_came(kind):
    image = WITH_METAL.astype(kind)
    clean, mask = inpaint(image, SCREW)
    assert (clean.dtype, clean.shape, mask.dtype, mask.shape) == (kind, image.shape, bool, image.shape)
    np.testing.assert_array_equal(clean[~mask], image[~mask])
    assert np.abs(clean.astype(float) - PICTURE)[SCREW].mean() < 20, "nearer than the metal's 60"


def test_an_x_ray_keeps_its_geometry():
    view = carm(0, size_px=PICTURE.shape, pixel_mm=(3.0, 3.0))
    xray = XRayImage(WITH_METAL, view, "X-ray 1")
    clean, mask = inpaint(xray, SCREW)
    assert (clean.projection, clean.name) == (view, "X-ray 1")
    np.testing.assert_allclose(clean.pixels[~mask], xray.pixels[~mask])


def test_without_a_mask_metal_is_found(monkeypatch):
    def found(network, image):
        assert isinstance(network, ImplantNetwork)
        np.testing.assert_array_equal(image, WITH_METAL)
        return Found(SCREW, 0.9 * SCREW)

    monkeypatch.setattr(inpainter, "find_metal", found)
    alone, told = Inpainter.shipped().paint(WITH_METAL), Inpainter.shipped().paint(WITH_METAL, SCREW)
    np.testing.assert_array_equal(alone.pixels, told.pixels)
    np.testing.assert_array_equal(inpaint(WITH_METAL)[1], told.mask)


def test_bad_input_is_one_sentence():
    with pytest.raises(VolumeError, match="draw the mask on this X-ray"):
        inpaint(WITH_METAL, SCREW[1:])
    with pytest.raises(DeviceError, match="'cuda:77'"):
        inpaint(WITH_METAL, SCREW, device="cuda:77")
