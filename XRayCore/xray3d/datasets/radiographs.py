"""Real radiographs from a folder or an archive, told apart by patient.

File names are those of the spine radiographs of CADMA ("Spine Region", Roboflow Universe, CC BY 4.0), collected from
several sources, of which each has its own way to name a patient; where a name says nothing of one, it is one.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from xray3d.datasets.parts import Part, part_of
from xray3d.errors import VolumeError

_SUFFIXES = (".jpg", ".jpeg", ".png")
# What an annotation service puts behind the name of the file that it was given.
_ADDED = re.compile(r"[_.](jpe?g|png)\.rf\.[0-9a-f]+$")
_BATCH = re.compile(r"_\d+ndbatch$")
_NUMBERED = (re.compile(r"^sunhl-1th-.*-\d{4}-(\d+)-[A-Z]-"), re.compile(r"^(N\d+)-"))


@dataclass(frozen=True)
class Radiograph:
    """An image on disk.

    Attributes:
        name: of its file, without folder and ending.
        patient: whose it is: images of one patient have one, and so may, to be on the safe side, images of two whose
            names are alike.
        read: gives the content of its file.
    """

    name: str
    patient: str
    read: Callable[[], bytes]

    @property
    def part(self) -> Part:
        """For what it may be used: all images of a patient for the same."""
        return part_of(self.patient)

    def pixels(self) -> NDArray[np.float32]:
        """(rows, cols) from 0 to 1, bone bright.

        Raises:
            VolumeError: no image.
        """
        content = self.read()
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE) if content else None
        if image is None:
            raise VolumeError(f"{self.name} is no image that can be read; remove it or replace it.")
        return image.astype(np.float32) / np.float32(255)


def find_radiographs(place: str | Path) -> list[Radiograph]:
    """All images in a folder, or in a zip archive, and below, sorted by name.

    Raises:
        VolumeError: no such folder or archive, or no image in it.
    """
    place = Path(place)
    found = _in_archive(place) if zipfile.is_zipfile(place) else _in_folder(place)
    if not found:
        raise VolumeError(f"{place} holds no JPEG or PNG image; choose the folder or the zip archive of radiographs.")
    return sorted(found, key=lambda one: one.name)


def patient_of(name: str) -> str:
    """The patient that the name of a file without its ending speaks of."""
    for pattern in _NUMBERED:
        if match := pattern.match(name):
            return match[1]
    return _BATCH.sub("", name)


def _in_folder(folder: Path) -> list[Radiograph]:
    return _radiographs([(path.name, path.read_bytes) for path in folder.rglob("*") if path.is_file()])


def _in_archive(place: Path) -> list[Radiograph]:
    archive = zipfile.ZipFile(place)

    def reading(name: str) -> Callable[[], bytes]:
        return lambda: archive.read(name)

    return _radiographs([(Path(name).name, reading(name)) for name in archive.namelist()])


def _radiographs(files: Sequence[tuple[str, Callable[[], bytes]]]) -> list[Radiograph]:
    names = [(_ADDED.sub("", Path(name).stem), read) for name, read in files if name.lower().endswith(_SUFFIXES)]
    return [Radiograph(name, patient_of(name), read) for name, read in names]
