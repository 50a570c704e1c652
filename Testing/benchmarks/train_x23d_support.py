"""What the trainings of the networks that ship for X23D Reconstruction have in common: their spines, and how they run.

They learn from synthetic spines, most of whose vertebrae are, in other sizes and bent a little, those of one real
person, the others formulas; and measure themselves on some whose vertebrae are made of the mean ones of 87 others. The
CTs of `../shared/data` they do not see: these are for `xray3d benchmark x23d`.

Each is run as FILE FOLDER [STEPS [START]]. Interrupted, it goes on where it was. START is the folder of a model to
begin with, whose steps count anew.
"""

import sys
from pathlib import Path

from rich.progress import Progress

from xray3d.benchmarks.patient import data_folder
from xray3d.datasets.mesh_vertebrae import mean_vertebrae, visible_human_vertebrae
from xray3d.datasets.variety import Variety
from xray3d.models.bundle import quantize_weights
from xray3d.reconstruction.spines import synthetic_spines
from xray3d.reconstruction.training import Trainee, train

STEPS, SPINES, HELD_OUT, VALIDATE_EVERY = 8_000, 40, 4, 500
FIRST_SEED, FIRST_HELD_OUT_SEED = 1000, 2000


def learnt_from() -> Variety:
    """Vertebrae of the Visible Human, and formulas."""
    return Variety(visible_human_vertebrae(data_folder() / "meshes" / "visible_human"))


def measured_on() -> Variety:
    """Mean vertebrae of other people."""
    return Variety(mean_vertebrae(data_folder() / "meshes" / "mean_lumbar" / "mean_L2_L5.ply"), formula_share=0.0)


def main(trainee: Trainee) -> None:
    """Train, or go on where a training into the folder was interrupted, and make the model small."""
    given = dict(enumerate(sys.argv))
    folder, steps = Path(given[1]), int(given.get(2, STEPS))
    start = Path(given[3]) if 3 in given else None
    plan = trainee.plan(steps, seed=0 if start is None else 1, validate_every=VALIDATE_EVERY)
    with Progress() as bar:
        task = bar.add_task("Preparing", total=1.0)
        report = train(
            trainee,
            synthetic_spines(SPINES, FIRST_SEED, learnt_from()),
            synthetic_spines(HELD_OUT, FIRST_HELD_OUT_SEED, measured_on()),
            folder,
            plan,
            start=start,
            resume=folder.with_name(f"{folder.name}.training").is_file(),
            progress=lambda doing, done: bar.update(task, description=doing, completed=done),
        )
    quantize_weights(folder)
    print(report)
