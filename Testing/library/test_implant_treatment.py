"""What is done about metal before X-rays are registered."""

import subprocess
import sys

import numpy as np
import pytest

from inpainting_support import BrightInpainter
from registration_support import carm
from xray3d import XRayImage
from xray3d.errors import VolumeError, XRay3DError
from xray3d.inpainting.inpainter import Inpainter
from xray3d.inpainting.treatment import TREATMENTS, needs_networks, treat_implants, treatment

SIZE = (12, 10)
SCREW = np.zeros(SIZE, bool)
SCREW[4:6, 2:8] = True
DRAWN = np.zeros(SIZE, bool)
DRAWN[9, 9] = True
GREY, METAL, PAINT = 0.5, 9.0, 0.25


def xray(screwed=True, name="X-ray"):
    return XRayImage(np.where(SCREW & screwed, METAL, GREY), carm(0, size_px=SIZE, pixel_mm=(9.0, 9.0)), name)


@pytest.fixture(autouse=True)
def inpainter(monkeypatch):
    fake = BrightInpainter(5.0, PAINT)
    monkeypatch.setattr(Inpainter, "shipped", fake.shipped)
    return fake


def same(one, other):
    return (one is None and other is None) or np.array_equal(one, other)


@pytest.mark.parametrize(
    ("how", "metal", "masks"),
    [
        ("keep", METAL, [None, None]),
        ("mask", METAL, [SCREW, None]),
        ("inpaint", PAINT, [None, None]),
        ("both", PAINT, [SCREW, None]),
    ],
)
def test_metal_is_found(how, metal, masks):
    given = [xray(), xray(False)]
    treated = treat_implants(given, None, how)
    assert (treated.xrays[0].pixels[SCREW] == metal).all()
    assert (treated.xrays[0].pixels[~SCREW] == np.float32(GREY)).all()
    assert all(same(one, other) for one, other in zip(treated.masks or [None, None], masks, strict=True))
    assert treated.implant_shares == (() if how == "keep" else (SCREW.mean(), 0.0))
    assert treated.xrays[0].projection is given[0].projection
    assert (given[0].pixels[SCREW] == METAL).all(), "what was given stays as it is"
    np.testing.assert_array_equal(treated.xrays[1].pixels, given[1].pixels)


@pytest.mark.parametrize("how", TREATMENTS)
def test_a_mask_says_where_metal_is_and_the_rest_is_found(how):
    treated = treat_implants([xray(), xray()], [DRAWN, None], how)
    if how == "inpaint":
        assert treated.masks == [None, None]
    else:
        assert same(treated.masks[0], DRAWN)
        assert same(treated.masks[1], None if how == "keep" else SCREW)
    painted = [image.pixels == PAINT for image in treated.xrays]
    nowhere = np.zeros(SIZE, bool)
    assert same(painted[0], DRAWN if how in ("inpaint", "both") else nowhere)
    assert same(painted[1], SCREW if how in ("inpaint", "both") else nowhere)


def test_networks_are_loaded_where_they_are_needed_only(inpainter):
    treat_implants([xray()], None, "keep", "cuda")
    treat_implants([xray()], [SCREW], "mask", "cuda")
    assert inpainter.devices == []
    treat_implants([xray(), xray()], [SCREW, None], "mask", "cuda")
    assert inpainter.devices == ["cuda"]
    assert [needs_networks(how, []) for how in TREATMENTS] == [False, True, True, True]
    assert [needs_networks(how, [SCREW]) for how in TREATMENTS] == [False, False, True, True]


def test_progress_is_told_and_may_end_it():
    told = []
    treat_implants([xray(), xray()], [None, SCREW], "both", progress=lambda doing, done: told.append((doing, done)))
    assert told == [("Looking for implants", 0.0), ("Removing implants", 0.5)]

    def cancel(doing, done):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        treat_implants([xray()], None, "inpaint", progress=cancel)


def test_bad_input_is_one_sentence():
    with pytest.raises(XRay3DError, match="keep, mask, inpaint, both"):
        treatment("melt")
    with pytest.raises(VolumeError, match="1 X-rays but 2 masks"):
        treat_implants([xray()], [None, None], "mask")
    with pytest.raises(VolumeError, match="Lateral: The mask covers all"):
        treat_implants([xray(name="Lateral")], [np.ones(SIZE, bool)], "both")


def test_pytorch_need_not_be_there():
    code = "import sys\nsys.modules['torch'] = None\nimport xray3d.inpainting.treatment"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
