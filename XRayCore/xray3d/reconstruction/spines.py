"""Labelled spines to learn from: real ones from files, and synthetic ones."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator

from xray3d.datasets.labelled_cts import VALUES, LabelledCT
from xray3d.datasets.synthetic_spine import synthetic_lumbar_spine
from xray3d.datasets.variety import Variety
from xray3d.errors import VolumeError
from xray3d.reconstruction.scenes import LabelledSpine
from xray3d.volumes import load_ct, load_labels

_SPACING_MM = 1.2


def real_spines(files: Iterable[LabelledCT]) -> Iterator[LabelledSpine]:
    """Read them one after the other; those without a whole vertebra of `LEVELS` are left out, and unreadable ones.

    Warns:
        UserWarning: one sentence on each that is left out.
    """
    for one in files:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what these CTs lack makes them no less of patients
                ct, labels = load_ct(one.ct), load_labels(one.labels)
            yield LabelledSpine.of_labels(ct, labels, VALUES)
        except VolumeError as failure:
            warnings.warn(f"{one.name} is left out: {failure}", stacklevel=2)


def synthetic_spines(count: int, first_seed: int, variety: Variety | None = None) -> Iterator[LabelledSpine]:
    """So many, of seeds one after the other.

    Args:
        variety: of what their vertebrae are made; of formulas without.
    """
    for seed in range(first_seed, first_seed + count):
        yield LabelledSpine.of_synthetic(synthetic_lumbar_spine(seed, _SPACING_MM, variety=variety or Variety()))
