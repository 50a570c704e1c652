"""`xray3d register` and metal: kept, ignored, or painted over."""

import json

import numpy as np
import pytest
import SimpleITK as sitk

from cli_register_support import carm, folder, registrar, run  # noqa: F401  fixtures
from inpainting_support import BrightInpainter
from xray3d import XRayImage, load_xray, save_xray
from xray3d.inpainting.inpainter import Inpainter


@pytest.fixture
def with_metal(folder, monkeypatch):  # noqa: F811
    """An X-ray with metal at one pixel, and what finds it and paints it grey."""
    pixels = load_xray(folder / "ap.nrrd").pixels.copy()
    pixels[3, 7] = 9.0
    save_xray(XRayImage(pixels, carm(0)), folder / "metal.nrrd")
    fake = BrightInpainter(5.0, 0.25)
    monkeypatch.setattr(Inpainter, "shipped", fake.shipped)
    return fake


@pytest.mark.parametrize(
    ("choice", "metal", "mask"), [("keep", 9, None), ("mask", 9, True), ("inpaint", 0.25, None), ("both", 0.25, True)]
)
def test_implants_are_found_and_masked_or_painted(run, folder, registrar, with_metal, choice, metal, mask):  # noqa: F811
    code, out, err = run("ct.nii.gz", "metal.nrrd", "lateral.nrrd", "-o", "out", "--implants", choice)
    assert code == 0, err
    assert registrar.called["xrays"][0].pixels[3, 7] == metal
    masks = registrar.called["masks"] or [None, None]
    assert [np.argwhere(one).tolist() if one is not None else None for one in masks] == [
        [[3, 7]] if mask else None,
        None,
    ]
    assert load_xray("out/metal_registered.nrrd").pixels[3, 7] == 9, "the X-ray itself stays as it is"
    saved = json.loads((folder / "out/result.json").read_text())
    assert saved["implants"] == choice
    assert saved["implant_shares"] == ([] if choice == "keep" else [1 / (32 * 40), 0.0])
    assert ("Implants cover 0.1% of metal.nrrd.\nNo implant was found on lateral.nrrd." in out) == (choice != "keep")
    assert with_metal.devices == ([] if choice == "keep" else ["cpu"])


def test_masks_say_where_implants_are(run, folder, registrar, with_metal):  # noqa: F811
    mask = np.zeros((32, 40), np.uint8)
    mask[20, 11] = 1
    sitk.WriteImage(sitk.GetImageFromArray(mask), "mask.nrrd")
    assert run("ct.nii.gz", "metal.nrrd", "-o", "out", "--implants", "mask", "--mask", "mask.nrrd")[0] == 0
    assert np.argwhere(registrar.called["masks"][0]).tolist() == [[20, 11]]
    assert with_metal.devices == [], "no network is needed"
    assert run("ct.nii.gz", "metal.nrrd", "-o", "two", "--implants", "inpaint", "--mask", "mask.nrrd")[0] == 0
    pixels = registrar.called["xrays"][0].pixels
    assert (pixels[20, 11], pixels[3, 7]) == (0.25, 9)
