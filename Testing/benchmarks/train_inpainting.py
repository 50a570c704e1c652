"""Trains a network of the inpainting model that ships, "finder" or "painter"; run by hand:

python Testing/benchmarks/train_inpainting.py finder XRayCore/xray3d/models/shipped/inpainting [STEPS [START]]

It learns from two of the example CTs, from synthetic patients, and from the real radiographs but those of the part
"test"; `xray3d benchmark inpainting` measures on the other two CTs and on those. Interrupted, it goes on where it was.
START is the folder of a model to begin with, whose steps count anew. The network ends halfway between that one and what
it became: with X-rays that are unlike any it learnt from it does better so (Wortsman et al., "Robust fine-tuning of
zero-shot models", CVPR 2022).
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.progress import Progress

from xray3d import CTVolume, load_ct
from xray3d.benchmarks.patient import data_folder
from xray3d.datasets.builds import of_another_build
from xray3d.datasets.radiographs import find_radiographs
from xray3d.datasets.synthetic_spine import synthetic_lumbar_spine
from xray3d.inpainting.model import NETWORKS, InpaintingReport, NetworkName, load_network, save_network_of
from xray3d.inpainting.training import train
from xray3d.models.bundle import make_small
from xray3d.models.training.plan import TrainingPlan

REAL, BUILDS_OF_EACH = ("ct/trunk_acrin013.nii.gz", "ct/pelvis_bone_only.nii.gz"), 2
RADIOGRAPHS = "xray/spine_radiographs_cadma.zip"
SYNTHETIC_SEEDS, SYNTHETIC_MM = range(200, 204), 0.9
STEPS, VIEWS_OF_ONE, VALIDATE_EVERY = 8_000, 48, 1_000


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


def end_halfway(name: NetworkName, folder: Path, start: Path, measure: Callable[[Path], InpaintingReport]) -> None:
    """Give a network in a model's folder the mean weights of its own and of where it began, and measure it again.

    Args:
        measure: given the folder of a model, says what its network is worth.
    """
    network, report = load_network(folder, name)
    began, became = load_network(start, name)[0].state_dict(), network.state_dict()
    network.load_state_dict({part: (began[part] + became[part]) / 2 for part in became})
    save_network_of(folder, name, network, report)
    save_network_of(folder, name, network, replace(report, measured=measure(folder).measured))


def main(name: str, folder: Path, steps: int, start: Path | None) -> None:
    """Train, or go on."""
    (network,) = (known for known in NETWORKS if known == name)
    everybody, radiographs = list(patients()), find_radiographs(data_folder() / RADIOGRAPHS)
    with Progress() as bar:
        task = bar.add_task("Preparing", total=1.0)

        def trained(place: Path, plan: TrainingPlan, begin: Path | None, resume: bool = False) -> InpaintingReport:
            return train(
                network,
                everybody,
                radiographs,
                place,
                plan,
                views_of_one=VIEWS_OF_ONE,
                start=begin,
                resume=resume,
                progress=lambda doing, done: bar.update(task, description=doing, completed=done),
            )

        plan = TrainingPlan(steps, validate_every=VALIDATE_EVERY) if start is None else going_on(steps)
        trained(folder, plan, start, resume=(folder / f"{name}.training").is_file())
        if start is not None:
            with TemporaryDirectory() as place:
                nothing = replace(plan, steps=0)
                end_halfway(network, folder, start, lambda between: trained(Path(place), nothing, between))
    make_small(folder / name)


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    main(given[1], Path(given[2]), int(given.get(3, STEPS)), Path(given[4]) if 4 in given else None)
