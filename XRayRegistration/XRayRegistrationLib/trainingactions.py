"""What the panel's buttons do to train a model for a CT."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import slicer
from slicer.i18n import tr as _

from XRayCoreLib import packages
from XRayCoreLib.messages import PanelError

from .modelfolder import holdsSomething

_START = "model"


class TrainingActions:
    """Trains in a job, and makes the new model the one in use.

    Args:
        panel: the Panel.
    """

    def __init__(self, panel) -> None:
        self._panel = panel
        panel.connectLibraryButtons({"trainButton": self.train, "resumeButton": partial(self.train, True)})

    def train(self, resume: bool = False) -> None:
        """Train the model that the panel describes, or go on with it; Cancel keeps the best so far."""
        self._panel.requireIdle()
        self._panel.model.takeFolders()
        folder = self._folder()
        replaced = not resume and holdsSomething(folder)
        if replaced and not _confirmReplacing(folder):
            return
        packages.ensure("training")
        training = self._training(folder, resume, overwrite=replaced)

        def finish(model) -> None:
            parameters = self._panel.sceneParameters
            with slicer.util.NodeModify(parameters):
                parameters.model, parameters.start = str(folder), _START
            self._panel.update()
            self._panel.bar.showMessage(_trainedInWords(folder, model.report))

        self._panel.bar.run(training.runAsJob, finish)

    def _training(self, folder: Path, resume: bool, overwrite: bool):
        """What the panel asks for.

        Raises:
            VolumeError, GeometryError: a CT or an aim that cannot be used.
        """
        from xray3d.mrml.points import point_from_node

        from .modeltraining import Training, rounded

        parameters = self._panel.parameters
        patient = self._panel.logic.patientOf(parameters.ct)
        return Training(
            ct=patient.ct,
            folder=folder,
            device=patient.device,
            poses={
                "center_ras": None if parameters.aim is None else rounded(point_from_node(parameters.aim)),
                "primary_deg": (parameters.primaryFromDeg, parameters.primaryToDeg),
                "secondary_deg": (parameters.secondaryFromDeg, parameters.secondaryToDeg),
                "in_plane_deg": (parameters.inPlaneFromDeg, parameters.inPlaneToDeg),
                "lateral_mm": parameters.acrossMm,
                "depth_mm": parameters.alongMm,
                "sdd_mm": parameters.sddMm,
                "sod_mm": parameters.sodMm,
            },
            plan={"steps": parameters.steps, "goal_mm": parameters.goalMm or None},
            boneHu=parameters.boneHu,
            pretrained=Path(parameters.pretrained) if parameters.pretrained else None,
            resume=resume,
            overwrite=overwrite,
        )

    def _folder(self) -> Path:
        name = self._panel.parameters.newModel
        if not name:
            raise PanelError(_("No folder is chosen to save the model in; choose an empty one, or type a new one."))
        return Path(name)


def _confirmReplacing(folder: Path) -> bool:
    question = _("{folder} is not empty. Replace the model in it?").format(folder=folder)
    return slicer.util.confirmOkCancelDisplay(question, _("XRay3D - Train a model"))


def _trainedInWords(folder: Path, report) -> str:
    sentence = _(
        "Trained: on {views} simulated X-rays the median error is {median:.1f} mm, with {gross:.0%} more than 10 mm "
        "off. {folder} is the model in use now."
    )
    return sentence.format(views=report.views, median=report.mtre_mm["50"], gross=report.gross_failures, folder=folder)
