"""How much the inpainting benchmark measures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xray3d.benchmarks.inpainting.cases import PATIENTS, Part
from xray3d.benchmarks.inpainting.trials import Protocol

# What is measured in one go: some minutes' work, so that processes share the work evenly and little of it is lost.
_AT_ONCE = 10


@dataclass(frozen=True)
class Plan:
    """How much.

    Attributes:
        cases: of each test set and patient.
        clean: radiographs without metal; None for all that there are.
        pairs: pairs of views that are registered at each place.
        protocols: from which starts.
    """

    cases: int
    clean: int | None
    pairs: int
    protocols: Sequence[Protocol]

    def parts(self) -> Iterator[Part]:
        """All cases, those of one patient one after the other."""
        for patient in PATIENTS:
            for first in range(0, self.cases, _AT_ONCE):
                yield Part(patient, first, min(_AT_ONCE, self.cases - first))


# Without search the climb fails from within these distances; with it, from beyond those of the registration benchmark.
FULL = Plan(
    cases=50,
    clean=None,
    pairs=10,
    protocols=(
        Protocol(2, "auto", 40.0, 60.0, 4),  # what takes longest first, so that processes end together
        Protocol(2, "off", 0.0, 30.0, 12),
        Protocol(1, "off", 0.0, 25.0, 12),
    ),
)
QUICK = Plan(
    cases=4,
    clean=8,
    pairs=2,
    protocols=(Protocol(2, "off", 0.0, 30.0, 1), Protocol(1, "off", 0.0, 25.0, 1)),
)
