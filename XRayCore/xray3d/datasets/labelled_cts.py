"""CTs of public data sets whose vertebrae are labelled, as they lie on disk after a download.

CTSpine1K (Deng et al., arXiv:2105.14711, 2021) has labels "NAME_seg.nii.gz" of CTs "NAME.nii.gz" in another folder;
VerSe (Sekuboyina et al., Medical Image Analysis 73, 2021) has the same names in one folder, or, arranged by subjects,
"NAME_seg-vert_msk.nii.gz" of "NAME_ct.nii.gz". Both number vertebrae in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from xray3d.datasets.parts import Part, part_of
from xray3d.errors import VolumeError

VALUES = {"T12": 19, "L1": 20, "L2": 21, "L3": 22, "L4": 23, "L5": 24}
"""Of the vertebrae above the sacrum, their numbers in the labels."""

_SUFFIXES = (".nii.gz", ".nii")
# Ends of the names of labels, and of those of their CTs.
_ENDS = (("_seg-vert_msk", "_ct"), ("_seg", ""))
# Of several series of one patient, and of how a CT lies on the disk, names tell after what they call the patient.
_SERIES = re.compile(r"(_dir-|_split-|_ct$|_CT|_acq-|_ses-).*$")


@dataclass(frozen=True)
class LabelledCT:
    """Two files.

    Attributes:
        name: of the CT's file, without its ending.
        patient: whose it is.
        ct: HU.
        labels: of its vertebrae, numbered as `VALUES`.
    """

    name: str
    patient: str
    ct: Path
    labels: Path

    @property
    def part(self) -> Part:
        """For what it may be used: all CTs of a patient for the same."""
        return part_of(self.patient)


def find_labelled_cts(folder: str | Path) -> list[LabelledCT]:
    """All labelled CTs in a folder and below, sorted by name.

    Raises:
        VolumeError: no such folder, none in it, or labels of which it is not clear whose they are.
    """
    folder = Path(folder)
    files = sorted(path for path in folder.rglob("*") if path.name.endswith(_SUFFIXES) and path.is_file())
    by_stem: dict[str, list[Path]] = {}
    for path in files:
        by_stem.setdefault(_stem(path), []).append(path)
    found = [one for path in files if (one := _labelled_by(path, by_stem)) is not None]
    if not found:
        raise VolumeError(
            f"{folder} holds no labelled CT; choose the folder of a download of CTSpine1K or VerSe, with labels "
            "NAME_seg.nii.gz of CTs NAME.nii.gz."
        )
    return sorted(found, key=lambda one: one.name)


def _labelled_by(path: Path, by_stem: dict[str, list[Path]]) -> LabelledCT | None:
    """With labels, where these are some and their CT is there."""
    stem = _stem(path)
    for end, end_of_ct in _ENDS:
        name = stem.removesuffix(end) + end_of_ct
        if stem.endswith(end) and name in by_stem:
            return LabelledCT(name, _SERIES.sub("", name), _nearest(by_stem[name], path), path)
    return None


def _nearest(cts: Iterable[Path], labels: Path) -> Path:
    """Of CTs of one name, that in a folder of the labels' folder's name."""
    cts = list(cts)
    beside = [ct for ct in cts if ct.parent.name == labels.parent.name] or cts
    if len(beside) > 1:
        raise VolumeError(f"It is not clear whose labels {labels} are: {beside[0]} or {beside[1]}; remove one of them.")
    return beside[0]


def _stem(path: Path) -> str:
    for suffix in _SUFFIXES:
        if path.name.endswith(suffix):
            return path.name.removesuffix(suffix)
    return path.stem
