"""A model to be trained for a CT: nodes are read on the main thread, the work is done on any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from xray3d import CTVolume
from xray3d.volumes.skeleton import middle_of_bones
from XRayCoreLib.messages import PanelError
from XRayCoreLib.progress import JobCancelled, Progress

from .modelfolder import canResume, writtenAt

# The aim of a training that is resumed must be that of before, to the last digit, which not every file keeps.
_AIM_DECIMALS = 1


@dataclass(frozen=True, eq=False)
class Training:
    """A training, ready to be done off the main thread.

    Attributes:
        ct: the patient.
        folder: of the model.
        device: "cpu" or "cuda".
        poses: the fields of a `PoseRange`; without `center_ras` the C-arm aims at the middle of the bones.
        plan: the fields of a `TrainingPlan` that are not the usual ones.
        boneHu: what is above is bone.
        pretrained: folder of a model, of any patient, to begin with; None for the one that comes with XRay3D.
        resume: whether to go on with a training of the same that was stopped.
        overwrite: whether to replace a model that is in the folder.
    """

    ct: CTVolume
    folder: Path
    device: str
    poses: Mapping[str, Any]
    plan: Mapping[str, Any]
    boneHu: float
    pretrained: Path | None = None
    resume: bool = False
    overwrite: bool = False

    def run(self, progress: Callable[[str, float], Any]):
        """Train, and return the SceneCoordinateModel; `progress` may raise to stop. Free of MRML.

        Raises:
            XRay3DError: one sentence on what cannot be used.
        """
        # Here, because PyTorch takes seconds to import, and need not be there for anything else.
        from xray3d.datasets.pose_range import PoseRange
        from xray3d.registration.scene_regression.plan import TrainingPlan
        from xray3d.registration.scene_regression.start import SHIPPED, SceneCoordinateStart
        from xray3d.registration.scene_regression.training import train

        progress(_("Preparing the CT"), 0.0)
        fields = {"center_ras": None, **self.poses}
        fields["center_ras"] = fields["center_ras"] or rounded(middle_of_bones(self.ct, self.boneHu))
        return train(
            self.ct,
            PoseRange(**fields),
            self.folder,
            TrainingPlan.from_start(**self.plan),
            start=SceneCoordinateStart.load(self.pretrained or SHIPPED),
            bone_hu=self.boneHu,
            device=self.device,
            progress=progress,
            resume=self.resume,
            overwrite=self.overwrite,
        )

    def runAsJob(self, progress: Progress):
        """`run`, and where it is cancelled a sentence on what there is and how to go on.

        Raises:
            PanelError: it was cancelled.
            XRay3DError: as `run`.
        """
        before = writtenAt(self.folder)
        try:
            model = self.run(_ofThisSession(progress) if self.resume else progress)
        except JobCancelled:
            hasModel = writtenAt(self.folder) not in (None, None if self.resume else before)
            raise PanelError(_stopped(self.folder, hasModel)) from None
        if progress.is_cancelled:
            raise PanelError(_("The training had ended already; {folder} holds its model.").format(folder=self.folder))
        return model


def rounded(point_ras) -> tuple[float, ...]:
    """A point (3,) in mm with as many digits as an aim needs."""
    return tuple(round(float(coordinate), _AIM_DECIMALS) for coordinate in point_ras)


def _ofThisSession(progress: Progress) -> Callable[[str, float], None]:
    """Progress from where a training goes on: the time that is left follows from the share done in the time so far."""
    shares: list[float] = []

    def tell(text: str, share: float) -> None:
        if share > 0:
            shares.append(share)
        first = shares[0] if shares else 0.0
        progress(text, (share - first) / (1 - first) if first < 1 else share)
        del shares[1:]

    return tell


def _stopped(folder: Path, hasModel: bool) -> str:
    if not canResume(folder):
        return _("The training was stopped before it began.")
    if hasModel:
        sentence = _("The training was stopped; {folder} holds the best model so far, and Resume goes on with it.")
    else:
        sentence = _("The training was stopped before {folder} held a new model; Resume goes on with it.")
    return sentence.format(folder=folder)
