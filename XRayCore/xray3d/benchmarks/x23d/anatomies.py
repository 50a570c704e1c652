"""The spines whose vertebrae are reconstructed; the network that ships learnt of none of them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from xray3d.datasets.mesh_vertebrae import mean_vertebrae
from xray3d.datasets.synthetic_spine import synthetic_lumbar_spine
from xray3d.datasets.variety import Variety
from xray3d.reconstruction.scenes import LabelledSpine
from xray3d.reconstruction.spines import found_spine
from xray3d.volumes import load_ct, load_labels

TestSet = Literal["synthetic", "real"]

MEANS = "meshes/mean_lumbar/mean_L2_L5.ply"
"""Of which synthetic spines are made, relative to the data folder."""
REAL = {
    "ct/chest_lidc0001": {"T12": 32, "L1": 31, "L2": 30, "L3": 29},
    "ct/lumbar_crop_l3": {"L3": 22},
}
"""Real CTs with labels, and of each level its value; vertebrae that are cut off are left out."""
UNLABELLED = {"ct/trunk_acrin013": "L5"}
"""Real CTs without labels, and which vertebra is the lowest that is found in them, as one sees.

Where middles are is known well enough to look for them on X-rays. The network that finds levels learnt of none of them,
but that which reconstructs did: it must not help to find these.
"""
# Nobody can tell which vertebra it is where neither ribs nor sacrum are seen.
_NAMELESS = "ct/lumbar_crop_l3"

_FIRST_SEED, _SPACING_MM = 5000, 1.2


def names_of(test_set: TestSet, count: int) -> Sequence[str]:
    """What `load_spine` calls the spines of a test set, so many of those that are synthetic."""
    return list(REAL) if test_set == "real" else [f"{_FIRST_SEED + number}" for number in range(count)]


def names_to_find(test_set: TestSet, count: int) -> Sequence[str]:
    """The same of those whose levels can be told from what is on their X-rays."""
    names = names_of(test_set, count)
    return [name for name in (*names, *UNLABELLED) if name != _NAMELESS] if test_set == "real" else names


def load_spine(test_set: TestSet, name: str, data_folder: Path) -> LabelledSpine:
    """A spine by its name.

    Raises:
        VolumeError, MeshError: its files are not there, or cannot be read.
    """
    if test_set == "synthetic":
        variety = Variety(mean_vertebrae(data_folder / MEANS), formula_share=0.0)
        return LabelledSpine.of_synthetic(synthetic_lumbar_spine(int(name), _SPACING_MM, variety=variety))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what these CTs lack makes them no less of patients
        ct = load_ct(data_folder / f"{name}.nii.gz")
    if name in UNLABELLED:
        return found_spine(ct, UNLABELLED[name])
    return LabelledSpine.of_labels(ct, load_labels(data_folder / f"{name}_labels.nii.gz"), REAL[name])
