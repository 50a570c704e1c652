"""Where scene-coordinate models are measured, and where they are looked for: training takes minutes, so the user trains
them first and names their folder in the environment variable XRAY3D_MODELS.

In it: `lumbar`, `pelvis` and `pelvis_bone_only`, the models that all is measured of; `lumbar_scratch` and so on, models
of the same places that began with nothing; and `ablation`, with a folder for each model of the lumbar place that
differs in one thing. Of the last two kinds only the poses before refinement are measured.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from xray3d.benchmarks.model_folders import ModelFolder, model_folder
from xray3d.benchmarks.patient import data_folder
from xray3d.benchmarks.registration import anatomies
from xray3d.benchmarks.registration.anatomies import Place

VARIABLE = "XRAY3D_MODELS"
_SCRATCH = "_scratch"
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
    """The models of one place that there are.

    Attributes:
        main: None where there is none.
        scratch: the one that began with nothing; None where there is none.
        ablation: models that differ in one thing.
    """

    main: ModelFolder | None
    scratch: ModelFolder | None
    ablation: tuple[ModelFolder, ...]

    @property
    def any(self) -> bool:
        """Whether there is anything to measure."""
        return bool(self.main or self.scratch or self.ablation)


def models_of(known: KnownPlace) -> Models:
    """The models of a place in the folder that XRAY3D_MODELS names; none where it names no folder."""
    root = os.environ.get(VARIABLE)
    if not root:
        return Models(None, None, ())
    ablation = sorted(Path(root, "ablation").glob("[!.]*")) if known.has_ablation else []
    return Models(
        model_folder(Path(root, known.model)),
        model_folder(Path(root, f"{known.model}{_SCRATCH}")),
        tuple(folder for path in ablation if (folder := model_folder(path))),
    )


def how_to_train(known: KnownPlace, scratch: bool = False) -> str:
    """What to do where the model of a place, or the one that began with nothing, is missing."""
    root = os.environ.get(VARIABLE)
    name = f"{known.model}{_SCRATCH}" if scratch else known.model
    folder = shlex.quote(str(Path(root, name))) if root else f'"${VARIABLE}"/{name}'
    center = " ".join(f"{coordinate:g}" for coordinate in known.place.isocenter_ras)
    ct = shlex.quote(str(data_folder() / known.place.file))
    command = f"xray3d train scene-coordinates {ct} -o {folder} --center {center}"
    if scratch:
        command += " --from-scratch"
    first = "" if root else f"set {VARIABLE} to a folder for models and "
    return f"skipped: no model {name}; {first}train it with `{command}`"
