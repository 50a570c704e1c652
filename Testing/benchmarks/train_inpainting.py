"""Trains a network of the inpainting model that ships, "finder" or "painter"; run by hand:

python Testing/benchmarks/train_inpainting.py finder XRayCore/xray3d/models/shipped/inpainting [STEPS [START]]

It learns from two of the example CTs, from synthetic patients, and from the real radiographs but those of the part
"test"; `xray3d benchmark inpainting` measures on the other two CTs and on those. Interrupted, it goes on where it was.
START is the folder of a model to begin with, whose steps count anew.
"""

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from rich.progress import Progress

from xray3d import CTVolume, load_ct
from xray3d.benchmarks.patient import data_folder
from xray3d.datasets.builds import of_another_build
from xray3d.datasets.radiographs import find_radiographs
from xray3d.datasets.synthetic_spine import synthetic_lumbar_spine
from xray3d.inpainting.model import NETWORKS
from xray3d.inpainting.training import train
from xray3d.models.bundle import quantize_weights
from xray3d.models.training.plan import TrainingPlan

REAL, BUILDS_OF_EACH = ("ct/trunk_acrin013.nii.gz", "ct/pelvis_bone_only.nii.gz"), 2
RADIOGRAPHS = "xray/spine_radiographs_cadma.zip"
SYNTHETIC_SEEDS, SYNTHETIC_MM = range(200, 204), 0.9
STEPS, VIEWS_OF_ONE, VALIDATE_EVERY = 8_000, 48, 500


def patients() -> Iterator[CTVolume]:
    """Everybody to learn from."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what these CTs lack makes them no less of patients
        for file in REAL:
            ct = load_ct(data_folder() / file)
            yield ct
            yield from (of_another_build(ct, ct.center_ras, seed) for seed in range(1, BUILDS_OF_EACH))
    for seed in SYNTHETIC_SEEDS:
        yield synthetic_lumbar_spine(seed, SYNTHETIC_MM).ct


def going_on(steps: int) -> TrainingPlan:
    """A training that begins with a network: in smaller steps, and with X-rays that were not shown to it."""
    return TrainingPlan(steps, learning_rate=6e-4, validate_every=VALIDATE_EVERY, seed=1)


def main(name: str, folder: Path, steps: int, start: Path | None) -> None:
    """Train, or go on."""
    (network,) = (known for known in NETWORKS if known == name)
    with Progress() as bar:
        task = bar.add_task("Preparing", total=1.0)
        report = train(
            network,
            list(patients()),
            find_radiographs(data_folder() / RADIOGRAPHS),
            folder,
            TrainingPlan(steps, validate_every=VALIDATE_EVERY) if start is None else going_on(steps),
            views_of_one=VIEWS_OF_ONE,
            start=start,
            resume=(folder / f"{name}.training").is_file(),
            progress=lambda doing, done: bar.update(task, description=doing, completed=done),
        )
    quantize_weights(folder / name)
    print(report)


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    main(given[1], Path(given[2]), int(given.get(3, STEPS)), Path(given[4]) if 4 in given else None)
