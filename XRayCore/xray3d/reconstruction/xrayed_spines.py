"""The spines of a training, X-rayed: to learn from, and to measure on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from xray3d.errors import VolumeError
from xray3d.models.fingerprint import CTFingerprint
from xray3d.models.training.loop import Progress
from xray3d.reconstruction.scenes import LabelledSpine, SpineViews


@dataclass(frozen=True, eq=False)
class XRayedSpines:
    """Spines of people.

    Attributes:
        learnt_from, measured_on: of other people each.
        whose: by the names of the CTs that are learnt from, what tells these from others.
    """

    learnt_from: list[SpineViews]
    measured_on: list[SpineViews]
    whose: dict[str, Any]

    @classmethod
    def of(
        cls,
        spines: Iterable[LabelledSpine],
        held_out: Iterable[LabelledSpine],
        seed: int,
        device: str,
        progress: Progress,
    ) -> XRayedSpines:
        """Spines are taken one after the other: what is not needed of their CTs is not kept.

        Raises:
            VolumeError: no spine to learn from or none to measure on.
            DeviceError: the device is not there.
        """
        learnt_from, whose = _xrayed(spines, seed, 0, device, progress)
        measured_on, _ = _xrayed(held_out, seed, 1, device, progress)
        if not learnt_from or not measured_on:
            raise VolumeError("There must be a labelled spine to learn from and another to measure on; give both.")
        return cls(learnt_from, measured_on, whose)

    @property
    def vertebrae(self) -> int:
        """How many are learnt from."""
        return sum(len(spine.shapes) for spine in self.learnt_from)


def _xrayed(
    spines: Iterable[LabelledSpine], seed: int, part: int, device: str, progress: Progress
) -> tuple[list[SpineViews], dict[str, Any]]:
    views, whose = [], {}
    for number, spine in enumerate(spines):
        progress(f"X-raying spine {number + 1}", 0.0)
        views.append(SpineViews.of(spine, np.random.default_rng([seed, part, number]), device))
        whose[spine.ct.name] = CTFingerprint.of(spine.ct).to_dict()
    return views, whose
