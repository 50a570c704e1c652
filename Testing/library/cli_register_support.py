"""`xray3d register` in a folder with a patient, with a registrar that answers at once."""

import sys
from functools import partial
from types import ModuleType

import numpy as np
import pytest
import SimpleITK as sitk

from test_landmarks import moved_about_isocenter
from xray3d import (
    CTVolume,
    LabelVolume,
    Projection,
    XRayImage,
    save_volume,
    save_xray,
)
from xray3d.registration.objective import RelativeError
from xray3d.registration.result import RegistrationResult

MIDDLE_RAS = np.array([10.0, -20.0, 100.0])
MOTION = moved_about_isocenter([6, -9, 4, 0.1, -0.05, 0.2])


class FakeRegistrar:
    """Answers with a known motion, and keeps what it was called with."""

    verdict = "accepted"
    called: dict = {}  # noqa: RUF012

    def __init__(self, ct, device="cpu", region=None):
        FakeRegistrar.called = {"ct": ct, "device": device, "region": region}

    def register(self, xrays, initial=None, **options):
        FakeRegistrar.called.update(options, xrays=xrays, initial=initial)
        options["progress"]("registering", 0.5)
        failed = self.verdict == "failed"
        return RegistrationResult(
            projections=tuple(projection.moved(MOTION) for projection in initial),
            transform_ras=MOTION,
            similarity=0.25,
            similarities=(0.25,) * len(xrays),
            verdict=self.verdict,
            reason="Because it was said so.",
            covariance=np.full((6, 6), np.nan) if failed else np.eye(6),
            pivot_ras=MIDDLE_RAS,
            error_along_mm=float("inf") if failed else 2.5,
            error_across_mm=0.5,
            used_share=0.75,
            seconds=1.5,
        )


@pytest.fixture
def registrar(monkeypatch):
    """In place of the real one, whose own tests are elsewhere."""
    module = ModuleType("xray3d.registration.register")
    module.Registrar, module.RelativeError = FakeRegistrar, RelativeError
    monkeypatch.setitem(sys.modules, "xray3d.registration.register", module)
    monkeypatch.setattr(FakeRegistrar, "verdict", "accepted")
    monkeypatch.setattr(FakeRegistrar, "called", {})
    return FakeRegistrar


def carm(primary_deg):
    return Projection.from_carm(primary_deg, 0, MIDDLE_RAS, 1020, 700, (32, 40), (8, 8))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A CT, its label map, two X-rays with geometry, and one picture without any."""
    monkeypatch.chdir(tmp_path)
    hu = np.full((40, 40, 40), -1000.0, np.float32)
    hu[5:35, 8:32, 5:35] = 40.0
    hu[10:30, 15:25, 12:20] = 700.0
    to_ras = np.diag([-5.0, -5.0, 5.0, 1.0])
    to_ras[:3, 3] = MIDDLE_RAS + [97, 97, -97]
    save_volume(CTVolume(hu, to_ras), tmp_path / "ct.nii.gz")
    labels = np.zeros(hu.shape, np.uint8)
    labels[hu > 300], labels[:3] = 20, 21
    save_volume(LabelVolume(labels, to_ras), tmp_path / "labels.nrrd")
    pixels = np.random.default_rng(0).random((32, 40), np.float32)
    for name, primary_deg in (("ap", 0), ("lateral", 90)):
        save_xray(XRayImage(pixels, carm(primary_deg)), tmp_path / f"{name}.nrrd")
    sitk.WriteImage(sitk.GetImageFromArray((255 * pixels).astype(np.uint8)), "bare.png")
    return tmp_path


@pytest.fixture
def run(command):
    return partial(command, "register")
