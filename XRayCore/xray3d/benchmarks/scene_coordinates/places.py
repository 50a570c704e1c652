"""Where scene-coordinate models are measured, and where they are looked for: training one takes half an hour, so the
user trains them first and names their folder in the environment variable XRAY3D_MODELS.

In it: `lumbar`, `pelvis` and `pelvis_bone_only`, the models that all is measured of; `lumbar_started` and so on, models
of the same places that were trained from a pre-trained start; and `ablation`, with a folder for each model of the
lumbar place that differs in one thing. Of the last two kinds only the poses before refinement are measured.
"""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xray3d.benchmarks.patient import data_folder
from xray3d.benchmarks.registration import anatomies
from xray3d.benchmarks.registration.anatomies import Place

VARIABLE = "XRAY3D_MODELS"
_STARTED = "_started"
CHEST_FILE = "ct/chest_lidc0001.nii.gz"


@dataclass(frozen=True)
class KnownPlace:
    """A part of a patient that a model was trained for.

    Attributes:
        place: which.
        model: name of the model's folder.
        has_ablation: whether the models of `ablation` are of this place.
    """

    place: Place
    model: str
    has_ablation: bool = False


PLACES = (
    KnownPlace(anatomies.PLACES[0], "lumbar", has_ablation=True),
    KnownPlace(anatomies.PLACES[1], "pelvis"),
    KnownPlace(anatomies.PLACES[2], "pelvis_bone_only"),
)


@dataclass(frozen=True)
class Models:
    """The folders of the models of one place that there are.

    Attributes:
        main: None where there is none.
        started: trained from a pre-trained start; None where there is none.
        ablation: of models that differ in one thing.
        digest: of all their files, by which a benchmark that goes on knows that they are still the same.
    """

    main: Path | None
    started: Path | None
    ablation: tuple[Path, ...]
    digest: str = ""

    @property
    def any(self) -> bool:
        """Whether there is anything to measure."""
        return bool(self.main or self.started or self.ablation)


def models_of(known: KnownPlace) -> Models:
    """The models of a place in the folder that XRAY3D_MODELS names; none where it names no folder."""
    root = os.environ.get(VARIABLE)
    if not root:
        return Models(None, None, ())
    main, started = Path(root, known.model), Path(root, f"{known.model}{_STARTED}")
    ablation = sorted(path for path in Path(root, "ablation").glob("[!.]*") if path.is_dir() and known.has_ablation)
    there = [folder for folder in (main, started, *ablation) if folder.is_dir()]
    return Models(
        main if main in there else None, started if started in there else None, tuple(ablation), _digest(there)
    )


def _digest(folders: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def how_to_train(known: KnownPlace, started: bool = False) -> str:
    """What to do where the model of a place, or the one from a pre-trained start, is missing."""
    root = os.environ.get(VARIABLE)
    name = f"{known.model}{_STARTED}" if started else known.model
    folder = shlex.quote(str(Path(root, name))) if root else f'"${VARIABLE}"/{name}'
    center = " ".join(f"{coordinate:g}" for coordinate in known.place.isocenter_ras)
    ct = shlex.quote(str(data_folder() / known.place.file))
    command = f"xray3d train scene-coordinates {ct} -o {folder} --center {center}"
    if started:
        command += " --start FOLDER_OF_ANY_MODEL --goal 3"
    first = "" if root else f"set {VARIABLE} to a folder for models and "
    return f"skipped: no model {name}; {first}train it with `{command}`"
