"""`xray3d.inpaint`, as the package offers it."""

import subprocess
import sys

import numpy as np
import pytest

import xray3d
from inpainting_support import brighter_than, save_model
from xray3d.inpainting import inpainter

PICTURE = np.random.default_rng(0).integers(0, 200, (64, 80)).astype(np.uint8)
SCREW = np.zeros(PICTURE.shape, bool)
SCREW[30:40, 20:50] = True


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A model in the place of the one that comes with the library, which takes what is bright for metal."""
    save_model(tmp_path / "model")
    monkeypatch.setattr(inpainter, "SHIPPED", tmp_path / "model")
    monkeypatch.setattr(inpainter, "find_metal", brighter_than(220))
    inpainter._shipped.cache_clear()
    yield
    inpainter._shipped.cache_clear()


def test_an_image_is_enough(shipped):
    image = np.where(SCREW, 255, PICTURE).astype(np.uint8)
    clean, mask = xray3d.inpaint(image)
    assert (clean.dtype, clean.shape) == (image.dtype, image.shape)
    assert mask[SCREW].all()
    assert clean[SCREW].mean() < 230
    np.testing.assert_array_equal(clean[~mask], image[~mask])


def test_a_mask_says_where(shipped):
    clean, mask = xray3d.inpaint(PICTURE, mask=SCREW)
    assert mask[SCREW].all()
    assert (clean[mask] != PICTURE[mask]).any()


def test_networks_are_imported_when_it_is_asked_for():
    code = (
        "import sys, xray3d\nassert 'torch' not in sys.modules\nxray3d.inpaint\nassert 'torch' in sys.modules\n"
        "assert 'inpaint' in xray3d.__all__"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
