"""Whose X-rays the demonstration takes, and the screws that are planned for them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xray3d.datasets.implant_shapes import rod
from xray3d.datasets.sample_data import SAMPLE_CREDIT, SampleDataError, sample_chest_ct
from xray3d.datasets.screw_placement import ScrewPlan, plan_pedicle_screws
from xray3d.datasets.screws import ROD_SEAT_MM
from xray3d.datasets.spine_finder import FoundSpine, find_vertebrae
from xray3d.datasets.synthetic_spine import synthetic_lumbar_spine
from xray3d.drr import Implant
from xray3d.errors import VolumeError
from xray3d.volumes import CTVolume, LabelVolume, load_ct, load_labels

# TotalSegmentator's numbers of the vertebrae that get screws, in the sample CT and in the synthetic patient.
_SAMPLE_LEVELS = {31: "L1", 30: "L2"}
_SYNTHETIC_LEVELS = {29: "L3", 28: "L4"}
# Half the receptor's height at the isocentre, and a little for the obliquity of the outer rays.
_HALF_FIELD_MM = 120.0


@dataclass(frozen=True, eq=False)
class DemoPatient:
    """A CT, what the C-arm aims at, and the implants.

    Attributes:
        isocenter_ras: (3,) mm.
        implants: screws and rods; empty where none could be placed.
        story: for the report, where the patient comes from and what was implanted.
    """

    ct: CTVolume
    isocenter_ras: NDArray[np.float64]
    implants: Sequence[Implant]
    story: Sequence[str]


def choose_patient(ct_path: Path | None) -> DemoPatient:
    """The CT that was asked for; without one the sample CT, and where that cannot be had the synthetic spine."""
    if ct_path is not None:
        return _own_patient(ct_path)
    try:
        ct_file, label_file = sample_chest_ct()
    except SampleDataError as error:
        warnings.warn(f"{error} A synthetic lumbar spine takes its place.", stacklevel=2)
        patient = synthetic_lumbar_spine()
        story = "A synthetic lumbar spine made by XRay3D, because no sample CT could be had."
        return _labelled_patient(patient.ct, patient.labels, _SYNTHETIC_LEVELS, story)
    return _labelled_patient(load_ct(ct_file), load_labels(label_file), _SAMPLE_LEVELS, f"{SAMPLE_CREDIT}.")


def _own_patient(ct_path: Path) -> DemoPatient:
    ct = load_ct(ct_path)
    spine = find_vertebrae(ct)
    placed = _lowest_neighbours(spine)
    labels = {vertebra.label: vertebra for vertebra in spine.vertebrae}
    aim = np.mean([labels[label].center_ras for label in placed], axis=0) if placed else spine.center_ras
    named = [(f"vertebra {label} from above", plan) for label, plans in placed.items() for plan in plans]
    return _patient(ct, aim, named, f"{ct_path.name}, its vertebrae found by their canal, pedicles and discs.")


def _lowest_neighbours(spine: FoundSpine) -> dict[int, Sequence[ScrewPlan]]:
    """Screws for the two lowest neighbouring vertebrae that take them, or for the lowest that does; by label."""
    possible: dict[int, Sequence[ScrewPlan]] = {}
    for vertebra in reversed([vertebra for vertebra in spine.vertebrae if vertebra.is_whole]):
        try:
            possible[vertebra.label] = plan_pedicle_screws(spine.labels, vertebra.label, frame=vertebra.to_ras)
        except VolumeError:
            continue  # cropped or too slender for a screw, as thoracic ones are: the next one may do
        if vertebra.label + 1 in possible:
            return {label: possible[label] for label in (vertebra.label, vertebra.label + 1)}
    return dict(list(possible.items())[:1])


def _labelled_patient(ct: CTVolume, labels: LabelVolume, levels: dict[int, str], source: str) -> DemoPatient:
    placed = [(name, plan) for value, name in levels.items() for plan in plan_pedicle_screws(labels, value, name)]
    voxels = np.argwhere(np.isin(labels.labels, list(levels)))[:, ::-1]
    return _patient(ct, ct.to_ras(voxels.mean(axis=0)), placed, source)


def _patient(
    ct: CTVolume, isocenter_ras: NDArray[np.float64], placed: Sequence[tuple[str, ScrewPlan]], source: str
) -> DemoPatient:
    screws = [plan.implant(f"{plan.side} screw of {name}") for name, plan in placed]
    story = [source, *(_screw_sentence(name, plan) for name, plan in placed)]
    if not placed:
        story.append("No vertebra could be told apart well enough to place screws in it.")
    return DemoPatient(ct, _aimed_within(ct, isocenter_ras), [*screws, *_rods([plan for _, plan in placed])], story)


def _aimed_within(ct: CTVolume, target_ras: NDArray[np.float64]) -> NDArray[np.float64]:
    """The target, moved along the patient's long axis so far that the views are filled, where the CT is long enough."""
    corners = ct.to_ras([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)] * (np.array(ct.size_ijk) - 1))
    low, high = corners[:, 2].min() + _HALF_FIELD_MM, corners[:, 2].max() - _HALF_FIELD_MM
    aim = np.array(target_ras, float)
    aim[2] = (low + high) / 2 if low > high else np.clip(aim[2], low, high)
    return aim


def _screw_sentence(name: str, plan: ScrewPlan) -> str:
    return (
        f"{name}, {plan.side}: screw {plan.diameter_mm:g} × {plan.length_mm:g} mm "
        f"in a pedicle {plan.pedicle_width_mm:.1f} mm wide."
    )


def _rods(plans: Sequence[ScrewPlan]) -> list[Implant]:
    """A rod on each side that has two screws, through their heads."""
    rods = []
    for side in ("left", "right"):
        seats = [plan.to_ras[:3, :3] @ ROD_SEAT_MM + plan.to_ras[:3, 3] for plan in plans if plan.side == side]
        if len(seats) > 1:
            rods.append(Implant(*rod(sorted(seats, key=lambda seat: -seat[2])), name=f"{side} rod"))
    return rods
