"""The patients whose instrumented spines are X-rayed."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from xray3d.benchmarks.registration.anatomies import as_xrayed
from xray3d.datasets.instrumentation import InstrumentableSpine
from xray3d.datasets.spine_finder import find_vertebrae
from xray3d.drr import DRRRenderer, Implant
from xray3d.volumes import CTVolume, load_ct


@dataclass(frozen=True, eq=False)
class Patient:
    """Somebody to be instrumented and X-rayed.

    Attributes:
        name: of the CT.
        spine: where implants go.
        renderer: of a finer, longer volume than the CT.
    """

    name: str
    spine: InstrumentableSpine
    renderer: DRRRenderer

    @classmethod
    def of(cls, ct: CTVolume, name: str) -> Patient:
        """Raises VolumeError where no vertebra takes a screw."""
        return cls(name, InstrumentableSpine(find_vertebrae(ct)), DRRRenderer(as_xrayed(ct)))


# Parts of one patient are measured one after the other.
@lru_cache(maxsize=1)
def load_patient(path: Path) -> Patient:
    """The patient of a CT file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what these CTs lack makes them no less of patients
        ct = load_ct(path)
    return Patient.of(ct, path.name.split(".")[0])


def middle_of(implants: Sequence[Implant]) -> tuple[float, float, float]:
    """RAS, mm."""
    x, y, z = np.mean([implant.vertices_ras.mean(axis=0) for implant in implants], axis=0)
    return float(x), float(y), float(z)
