"""Trains the models that `xray3d benchmark scene-coordinates` compares in its ablation; run by hand:

python Testing/benchmarks/train_ablation.py FOLDER [MINUTES]

FOLDER is the one that XRAY3D_MODELS names; every recipe learns for as many minutes (15), however many steps that are.
Those that are there already are left alone.
"""

import sys
import tempfile
from pathlib import Path

from xray3d import load_ct
from xray3d.benchmarks.patient import data_folder
from xray3d.benchmarks.scene_coordinates.places import PLACES
from xray3d.benchmarks.scene_coordinates.recipes import RECIPES
from xray3d.datasets.pose_range import PoseRange
from xray3d.models.bundle import METADATA
from xray3d.registration.scene_regression.plan import TrainingPlan
from xray3d.registration.scene_regression.training import train

TRIED = 40
# Twice that of a whole training: what learns for minutes takes larger steps.
LEARNING_RATE = 2e-3


def main(folder: Path, minutes: float) -> None:
    """Train each recipe for so long."""
    (place,) = (known.place for known in PLACES if known.has_ablation)
    ct, poses = load_ct(data_folder() / place.file), PoseRange(place.isocenter_ras)
    (folder / "ablation").mkdir(parents=True, exist_ok=True)
    for recipe in RECIPES:
        model = folder / "ablation" / recipe.name
        if (model / METADATA).is_file():
            continue
        with tempfile.TemporaryDirectory() as scratch:
            plan = TrainingPlan(TRIED, learning_rate=LEARNING_RATE, validate_every=TRIED)
            seconds = train(ct, poses, Path(scratch) / "tried", plan, recipe=recipe).report.seconds / TRIED
        steps = round(60 * minutes / seconds)
        plan = TrainingPlan(steps, learning_rate=LEARNING_RATE, validate_every=steps)
        report = train(ct, poses, model, plan, recipe=recipe).report
        print(f"{recipe.name}: {report.steps} steps in {report.seconds / 60:.0f} min, {report.mtre_mm['50']:.1f} mm")


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 15.0)
