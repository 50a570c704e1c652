"""Fields of a DICOM X-ray header, plain or enhanced, with a sentence for each that is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.datadict import tag_for_keyword
from pydicom.errors import InvalidDicomError

from xray3d.errors import GeometryError, NoGeometryError
from xray3d.files import require_file


class XRayHeader:
    """A DICOM dataset as seen from one of its frames.

    A field is looked for in the dataset itself, then in the functional groups of the frame and in the shared ones,
    where Enhanced XA keeps it (DICOM PS3.3, section C.8.19).

    Args:
        dataset: the header; its pixels are not needed.
        frame: index of the frame in a multi-frame image.
        name: what messages call it.
    """

    def __init__(self, dataset: pydicom.Dataset, frame: int, name: str) -> None:
        self.name = name
        self.frame = frame
        self.frames = int(dataset.get("NumberOfFrames") or 1)
        if not 0 <= frame < self.frames:
            raise GeometryError(f"{name} has {self.frames} frames; there is no frame {frame}.")
        self._places = [dataset]
        for keyword, item in (("PerFrameFunctionalGroupsSequence", frame), ("SharedFunctionalGroupsSequence", 0)):
            groups = dataset.get(keyword) or []
            if item < len(groups):
                self._places += [macro.value[0] for macro in groups[item] if macro.VR == "SQ" and len(macro.value)]

    @classmethod
    def read(cls, path: Path, frame: int = 0) -> XRayHeader:
        """Header of a file; GeometryError where it is not DICOM."""
        require_file(path, GeometryError)
        try:
            dataset = pydicom.dcmread(path, stop_before_pixels=True)
        except (InvalidDicomError, OSError) as failure:
            raise GeometryError(f"{path} is not DICOM; pass the X-ray's DICOM file, JSON or P-matrix.") from failure
        return cls(dataset, frame, str(path))

    def value(self, keyword: str) -> Any:
        """Value of a field, None where it is absent or empty."""
        for place in self._places:
            found = place.get(keyword)
            if found is not None and str(found).strip() != "" and not (hasattr(found, "__len__") and len(found) == 0):
                return found
        return None

    def number(self, keyword: str) -> float | None:
        """A number, None where the field is absent or empty."""
        numbers = self.numbers(keyword)
        return None if numbers is None else float(numbers[0])

    def numbers(self, keyword: str) -> np.ndarray | None:
        """All numbers (n,) of a field, None where it is absent or empty."""
        try:
            value = self.value(keyword)
            numbers = np.atleast_1d(np.array(value, float))
        except (TypeError, ValueError):  # pydicom converts a value when it is asked for
            value, numbers = keyword, np.array([np.nan])
        if value is not None and not np.isfinite(numbers).all():
            raise GeometryError(f"{self.name}: its field {described(keyword)} is not a number; correct the header.")
        return None if value is None else numbers

    def distance_mm(self, *keywords: str) -> float | None:
        """The first positive distance among some fields; scanners write 0 for unknown."""
        found = [self.number(keyword) for keyword in keywords]
        return next((distance for distance in found if distance is not None and distance > 0), None)

    def missing(self, keywords: tuple[str, ...], argument: str, meaning: str) -> NoGeometryError:
        """The error that says which fields are missing and which argument stands in for them."""
        fields = " or ".join(described(keyword) for keyword in keywords)
        return NoGeometryError(f"{self.name} has no {fields}; pass given=GivenGeometry({argument}=...), {meaning}.")


def described(keyword: str) -> str:
    """A field's keyword with its tag, as "DistanceSourceToDetector (0018,1110)"."""
    tag = tag_for_keyword(keyword)
    return keyword if tag is None else f"{keyword} ({tag >> 16:04X},{tag & 0xFFFF:04X})"
