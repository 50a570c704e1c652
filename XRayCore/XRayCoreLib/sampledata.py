"""XRay3D's entries in Slicer's Sample Data module."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import slicer
from slicer.i18n import tr as _

from XRayCoreLib import job, messages, packages
from XRayCoreLib.progress import Progress, Status

if TYPE_CHECKING:
    from xray3d import CTVolume, LabelVolume

CATEGORY = "XRay3D"
_OWNER = "XRay3D sample data"
# TotalSegmentator's "total" task, version 2, numbers the vertebrae upwards from L5.
_VERTEBRAE = {
    27 + number: f"vertebrae_{level}"
    for number, level in enumerate([f"L{n}" for n in range(5, 0, -1)] + [f"T{n}" for n in range(12, 0, -1)])
}
_THUMBNAILS = Path(__file__).parent.parent / "Resources" / "Icons"


@dataclass(frozen=True)
class Patient:
    """A CT, the labels of its bones on the same grid, and the labels' names."""

    ct: CTVolume
    labels: LabelVolume
    names: dict[int, str]


def register() -> None:
    """Offer the samples in the Sample Data module; nothing is made or downloaded before somebody picks one."""
    from SampleData import SampleDataLogic  # type: ignore[import-not-found]  # one of Slicer's own modules

    samples = {
        _("Synthetic lumbar spine"): ("synthetic_spine.png", _pick_synthetic_spine),
        _("Chest CT (LIDC-IDRI-0001)"): ("chest_ct.png", _pick_chest_ct),
    }
    for name, (thumbnail, pick) in samples.items():
        SampleDataLogic.registerCustomSampleDataSource(
            category=CATEGORY,
            sampleName=name,
            thumbnailFileName=str(_THUMBNAILS / thumbnail),
            uris="",
            customDownloader=pick,
        )


def load(make: Callable[[Progress], Patient]) -> None:
    """Make a patient on a worker thread and put CT and bones into the scene; whatever keeps it from that is shown."""
    with messages.reporting():
        packages.ensure("rendering")
        job.run(_OWNER, make, _show_status, _add_to_scene, messages.show_error)


def synthetic_spine(progress: Progress) -> Patient:
    """A patient grown from a seed: no network, nobody's data."""
    from xray3d.datasets.synthetic_spine import synthetic_lumbar_spine

    progress(_("Making a synthetic lumbar spine, about 10 seconds"), 0.0)
    patient = synthetic_lumbar_spine()
    return Patient(patient.ct, patient.labels, patient.label_names)


def chest_ct(progress: Progress) -> Patient:
    """A real chest CT with bone labels, downloaded once and kept in the user's cache."""
    from xray3d import load_ct, load_labels
    from xray3d.datasets.sample_data import sample_chest_ct

    progress(_("Downloading the chest CT, about 35 MB"), 0.0)
    ct_file, label_file = sample_chest_ct()
    progress(_("Reading the chest CT"), 0.8)
    ct, labels = replace(load_ct(ct_file), name=_("Chest CT")), load_labels(label_file)
    present = set(np.unique(labels.labels))
    return Patient(ct, labels, {label: name for label, name in _VERTEBRAE.items() if label in present})


# Slicer tells samples apart by their downloaders too: with a new lambda each time, they would be listed twice.
def _pick_synthetic_spine(_source: object) -> None:
    load(synthetic_spine)


def _pick_chest_ct(_source: object) -> None:
    load(chest_ct)


def _show_status(status: Status) -> None:
    slicer.util.showStatusMessage(status.text)


def _add_to_scene(patient: Patient) -> None:
    from xray3d.mrml.segmentations import add_segmentation
    from xray3d.mrml.volumes import ct_to_node

    ct_node = ct_to_node(patient.ct, patient.ct.name)
    add_segmentation(patient.labels.labels, ct_node, patient.names, f"{patient.ct.name} bones")
    slicer.util.setSliceViewerLayers(background=ct_node, fit=True)
    slicer.util.showStatusMessage("")
