"""What the trainings of the networks of X23D Reconstruction have in common: their spines, and how they run.

They learn from synthetic spines, most of whose vertebrae are, in other sizes and bent a little, those of one real
person, the others formulas; some of spines whose arches and bone differ more, and among whose vertebrae those of a
generic model are; and some of real patients whose CTs have no labels, in other sizes, too. They measure themselves on
some whose vertebrae are made of the mean ones of 87 others. The labelled CTs of `../shared/data` they do not see: these
are for `xray3d benchmark x23d`.

Each is run as FILE FOLDER [STEPS [START]]. Interrupted, it goes on where it was. START is the folder of a model to
begin with, whose steps count anew.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
from rich.progress import Progress

from xray3d.benchmarks.patient import data_folder
from xray3d.benchmarks.registration.anatomies import as_xrayed
from xray3d.datasets.mesh_vertebrae import generic_vertebrae, mean_vertebrae, visible_human_vertebrae
from xray3d.datasets.variety import Variety
from xray3d.models.bundle import make_small
from xray3d.reconstruction.scenes import LabelledSpine
from xray3d.reconstruction.spines import found_spine, stretched, synthetic_spines
from xray3d.reconstruction.training import Trainee, train
from xray3d.volumes import load_ct

STEPS, VALIDATE_EVERY = 8_000, 500
SPINES, FIRST_SEED = 40, 1000
VARIED_SPINES, FIRST_VARIED_SEED = 24, 1040
HELD_OUT, FIRST_HELD_OUT_SEED = 4, 2000
# A network that knows something already forgets some of it at the rate of one that does not.
RATE_OF_MORE = 2e-3
SIZES, SIZE_SPREAD = 8, 0.06
# Of each weight: six are as good, and five lose 0.001 of F1 at most.
BITS = 5

_MESHES = data_folder() / "meshes"


def usual_spines() -> Iterator[LabelledSpine]:
    """Of the Visible Human's vertebrae, and formulas."""
    return synthetic_spines(SPINES, FIRST_SEED, Variety(visible_human_vertebrae(_MESHES / "visible_human")))


def varied_spines() -> Iterator[LabelledSpine]:
    """Of these and of generic vertebrae, differing more."""
    vertebrae = [*visible_human_vertebrae(_MESHES / "visible_human"), *generic_vertebrae(_MESHES / "generic_lumbar")]
    return synthetic_spines(VARIED_SPINES, FIRST_VARIED_SEED, Variety(vertebrae, arches=1.0, density=1.0))


def patients(*names: str) -> Iterator[LabelledSpine]:
    """Of CTs without labels that show L5, each in several sizes, every other mirrored."""
    rng = np.random.default_rng(0)
    for name in names:
        ct = load_ct(data_folder() / "ct" / f"{name}.nii.gz")
        spine = replace(found_spine(ct, "L5"), ct=as_xrayed(ct))
        for copy in range(SIZES):
            one = stretched(spine, np.exp(rng.normal(0.0, SIZE_SPREAD, 3)), is_mirrored=copy % 2 == 1)
            yield replace(one, ct=replace(one.ct, name=f"{one.ct.name} {copy}"))


def measured_on() -> Iterator[LabelledSpine]:
    """Of other people's mean vertebrae."""
    means = mean_vertebrae(_MESHES / "mean_lumbar" / "mean_L2_L5.ply")
    return synthetic_spines(HELD_OUT, FIRST_HELD_OUT_SEED, Variety(means, formula_share=0.0))


def main(trainee: Trainee, *learnt_from: Iterator[LabelledSpine]) -> None:
    """Train, or go on where a training into the folder was interrupted, and make the model small."""
    given = dict(enumerate(sys.argv))
    folder, steps = Path(given[1]), int(given.get(2, STEPS))
    start = Path(given[3]) if 3 in given else None
    plan = trainee.plan(steps, validate_every=VALIDATE_EVERY)
    if start is not None:
        plan = replace(plan, seed=1, learning_rate=min(plan.learning_rate, RATE_OF_MORE))
    with Progress() as bar:
        task = bar.add_task("Preparing", total=1.0)
        report = train(
            trainee,
            chain(*learnt_from),
            measured_on(),
            folder,
            plan,
            start=start,
            resume=folder.with_name(f"{folder.name}.training").is_file(),
            progress=lambda doing, done: bar.update(task, description=doing, completed=done),
        )
    make_small(folder, BITS)
    print(report)
