"""Trains the network that ships, with which trainings for one patient begin; run by hand:

python Testing/benchmarks/pretrain.py XRayCore/xray3d/models/shipped/scene_coordinates [STEPS]

It learns from two of the example CTs, in several builds, and from synthetic patients; the CTs that
`xray3d benchmark scene-coordinates` measures on are none of them. Interrupted, it goes on where it was.
"""

import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rich.progress import Progress

from xray3d import CTVolume, load_ct
from xray3d.benchmarks.patient import data_folder
from xray3d.datasets.builds import bones_alone, of_another_build
from xray3d.datasets.pose_range import PoseRange
from xray3d.datasets.synthetic_spine import synthetic_lumbar_spine
from xray3d.models.bundle import make_small
from xray3d.registration.scene_regression.plan import TrainingPlan
from xray3d.registration.scene_regression.training import pretrain

TRUNK, CHEST = "ct/trunk_acrin013.nii.gz", "ct/chest_lidc0001.nii.gz"
REAL = (
    (TRUNK, (-305.0, -440.0, 270.0)),
    (TRUNK, (-305.0, -400.0, 150.0)),
    (TRUNK, (-305.0, -450.0, 430.0)),
    (CHEST, (-18.0, -58.0, -265.0)),
    (CHEST, (-15.0, -60.0, -170.0)),
)
BUILDS_OF_EACH = 2
BONES_ALONE = REAL[:4]
SYNTHETIC_SEEDS, SYNTHETIC_MM, BELOW_SACRUM_MM = range(100, 104), 2.0, 200.0
SYNTHETIC_CENTERS = ((0.0, 0.0, 0.0), (0.0, -20.0, -140.0))
# Every third patient is seen from his sides, too.
ALL_ROUND, ALL_ROUND_DEG = 3, (-110.0, 110.0)


def patients() -> Iterator[tuple[CTVolume, PoseRange]]:
    """Everybody to learn from, and what the C-arm aims at."""
    number = 0

    def aimed_at(ct: CTVolume, center: tuple[float, float, float]) -> tuple[CTVolume, PoseRange]:
        nonlocal number
        number += 1
        poses = PoseRange(center)
        poses = poses if number % ALL_ROUND else replace(poses, primary_deg=ALL_ROUND_DEG)
        return of_another_build(ct, center, number), poses

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what these CTs lack makes them no less of patients
        cts = {file: load_ct(data_folder() / file) for file in (TRUNK, CHEST)}
    for file, center in REAL * BUILDS_OF_EACH:
        yield aimed_at(cts[file], center)
    for file, center in BONES_ALONE:
        yield aimed_at(bones_alone(cts[file]), center)
    for seed in SYNTHETIC_SEEDS:
        ct = replace(synthetic_lumbar_spine(seed, SYNTHETIC_MM, BELOW_SACRUM_MM).ct, name=f"synthetic spine {seed}")
        for center in SYNTHETIC_CENTERS:
            yield aimed_at(ct, center)


def main(folder: Path, steps: int) -> None:
    """Train, or go on."""
    plan = TrainingPlan(steps, validate_every=max(1, steps // 2))
    resume = folder.with_name(f"{folder.name}.training").is_file()
    with Progress() as bar:
        task = bar.add_task("Making the patients", total=1.0)
        start = pretrain(
            list(patients()),
            folder,
            plan,
            progress=lambda doing, done: bar.update(task, description=doing, completed=done),
            resume=resume,
            overwrite=True,
        )
    make_small(folder)
    print(f"{folder}: a network that learnt from {start.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20_000)
