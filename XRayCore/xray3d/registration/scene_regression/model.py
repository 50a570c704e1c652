"""A trained model: whose CT it knows, from where, and how well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xray3d.datasets.pose_range import PoseRange
from xray3d.drr.device import resolve_device
from xray3d.errors import ModelError, XRay3DError
from xray3d.models.fingerprint import CTFingerprint
from xray3d.models.network_files import MISREAD, damaged
from xray3d.models.training.course import Course
from xray3d.registration.scene_regression.card import model_card
from xray3d.registration.scene_regression.files import read_network, save_network
from xray3d.registration.scene_regression.network import SceneCoordinateNetwork
from xray3d.volumes import CTVolume

KIND = "scene coordinates"


@dataclass(frozen=True)
class TrainingReport(Course):
    """How a model came about, and what it measured on X-rays simulated as those that it was trained on, but unseen.

    Attributes:
        mtre_mm: the mean target registration error of single views at the 25th, 50th, 75th and 95th percentile.
        gross_failures: share of them above 10 mm.
        views: how many were measured.
    """

    mtre_mm: Mapping[str, float]
    gross_failures: float
    views: int


@dataclass(frozen=True, eq=False)
class SceneCoordinateModel:
    """A network for one CT.

    Attributes:
        network: in evaluation mode.
        poses: from where it was trained.
        ct_name: what the CT was called, for messages.
        ct: of the CT that it knows.
        bone_hu: what counted as bone.
        report: how it was trained.
    """

    network: SceneCoordinateNetwork
    poses: PoseRange
    ct_name: str
    ct: CTFingerprint
    bone_hu: float
    report: TrainingReport

    @property
    def center_ras(self) -> NDArray[np.float64]:
        """(3,) mm: what the network's coordinates are relative to."""
        return np.asarray(self.poses.center_ras, float)

    def require_ct(self, ct: CTVolume) -> None:
        """Raise ModelError unless this is the CT that the model was trained for."""
        if not CTFingerprint.of(ct).matches(self.ct):
            raise ModelError(
                f"The model was trained for {self.ct_name}, which is another CT than {ct.name} or has changed since; "
                "train a model for this CT."
            )

    def save(self, folder: str | Path, overwrite: bool = False) -> None:
        """Write the model as a folder.

        Raises:
            OutputExistsError: there is one already, or it cannot be written.
        """
        facts = {
            "kind": KIND,
            "poses": self.poses.to_dict(),
            "ct": {"name": self.ct_name, **self.ct.to_dict()},
            "bone_hu": self.bone_hu,
            "report": self.report.__dict__,
        }
        card = model_card(self.ct_name, self.poses, self.bone_hu, self.report.__dict__)
        task = "X-ray to CT registration by scene coordinates of one patient"
        save_network(self.network, facts, task, card, folder, overwrite)

    @classmethod
    def load(cls, folder: str | Path, device: str = "cpu") -> SceneCoordinateModel:
        """Read a model.

        Raises:
            ModelError: no model, a damaged one, or one of another kind.
            DeviceError: the device is not there.
        """
        resolve_device(device)
        network, facts = read_network(folder, [KIND])
        try:
            of_ct = facts["ct"]
            poses, ct = PoseRange.from_dict(facts["poses"]), CTFingerprint.from_dict(of_ct)
            report, bone_hu = TrainingReport(**facts["report"]), float(facts["bone_hu"])
            name = str(of_ct["name"])
        except (*MISREAD, XRay3DError) as failure:
            raise damaged(folder) from failure
        return cls(network.to(device), poses, name, ct, bone_hu, report)
