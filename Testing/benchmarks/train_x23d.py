"""Trains the reconstruction network that ships; run by hand:

python Testing/benchmarks/train_x23d.py XRayCore/xray3d/models/shipped/x23d [STEPS [START]]

It learns from synthetic spines, most of whose vertebrae are, in other sizes and bent a little, those of one real
person, the others formulas; and measures itself on some whose vertebrae are made of the mean ones of 87 others. The CTs
of `../shared/data` it does not see: these are for `xray3d benchmark x23d`. Interrupted, it goes on where it was. START
is the folder of a model to begin with, whose steps count anew.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from rich.progress import Progress

from xray3d.benchmarks.patient import data_folder
from xray3d.datasets.mesh_vertebrae import mean_vertebrae, visible_human_vertebrae
from xray3d.datasets.synthetic_spine import synthetic_lumbar_spine
from xray3d.datasets.variety import Variety
from xray3d.models.bundle import quantize_weights
from xray3d.models.training.plan import TrainingPlan
from xray3d.reconstruction.scenes import LabelledSpine
from xray3d.reconstruction.training import train

STEPS, BATCH, SPINES, HELD_OUT, SPACING_MM, VALIDATE_EVERY = 8_000, 2, 40, 4, 1.2, 500
FIRST_SEED, FIRST_HELD_OUT_SEED = 1000, 2000


def learnt_from() -> Variety:
    """Vertebrae of the Visible Human, and formulas."""
    return Variety(visible_human_vertebrae(data_folder() / "meshes" / "visible_human"))


def measured_on() -> Variety:
    """Mean vertebrae of other people."""
    return Variety(mean_vertebrae(data_folder() / "meshes" / "mean_lumbar" / "mean_L2_L5.ply"), formula_share=0.0)


def spines(count: int, first_seed: int, variety: Variety) -> Iterator[LabelledSpine]:
    """Synthetic ones."""
    for seed in range(first_seed, first_seed + count):
        yield LabelledSpine.of_synthetic(synthetic_lumbar_spine(seed, SPACING_MM, variety=variety))


def main(folder: Path, steps: int, start: Path | None) -> None:
    """Train, or go on."""
    plan = TrainingPlan(steps, batch=BATCH, validate_every=VALIDATE_EVERY, seed=0 if start is None else 1)
    with Progress() as bar:
        task = bar.add_task("Preparing", total=1.0)
        report = train(
            spines(SPINES, FIRST_SEED, learnt_from()),
            spines(HELD_OUT, FIRST_HELD_OUT_SEED, measured_on()),
            folder,
            plan,
            start=start,
            resume=folder.with_name(f"{folder.name}.training").is_file(),
            progress=lambda doing, done: bar.update(task, description=doing, completed=done),
        )
    quantize_weights(folder)
    print(report)


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    main(Path(given[1]), int(given.get(2, STEPS)), Path(given[3]) if 3 in given else None)
