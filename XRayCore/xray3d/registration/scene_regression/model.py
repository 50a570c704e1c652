"""A trained model: whose CT it knows, from where, how well; and the poses that it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import monai
import numpy as np
import torch
from numpy.typing import NDArray

from xray3d import __version__
from xray3d.datasets.pose_range import PoseRange
from xray3d.drr.device import resolve_device
from xray3d.errors import GeometryError, ModelError, NotRecognisedError, XRay3DError
from xray3d.geometry import Projection
from xray3d.models.bundle import Bundle, load_bundle, save_bundle
from xray3d.models.fingerprint import CTFingerprint
from xray3d.registration.checks import checked_masks
from xray3d.registration.scene_correspondences import LEAST_PIXELS, SceneCoordinateMaps
from xray3d.registration.scene_pose import ScenePose, pose_from_scene_coordinates
from xray3d.registration.scene_regression.card import model_card
from xray3d.registration.scene_regression.network import SceneCoordinateNetwork
from xray3d.registration.scene_regression.observation import Picture, observe, picture_of
from xray3d.registration.views import View, prepare_view
from xray3d.volumes import CTVolume, XRayImage

KIND = "scene coordinates"
_FORMAT = 1


@dataclass(frozen=True)
class TrainingReport:
    """How a model came about, and what it measured on X-rays simulated as those that it was trained on, but unseen.

    Attributes:
        steps, batch, seed: of the training.
        seconds: that it took, all sessions together.
        started_from: what the weights were before, "scratch" or a model's name.
        mtre_mm: the mean target registration error of single views at the 25th, 50th, 75th and 95th percentile.
        gross_failures: share of them above 10 mm.
        views: how many were measured.
    """

    steps: int
    batch: int
    seed: int
    seconds: float
    started_from: str
    mtre_mm: Mapping[str, float]
    gross_failures: float
    views: int


@dataclass(frozen=True, eq=False)
class SceneCoordinateModel:
    """A network that knows one CT.

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

    def locate(
        self, xrays: Sequence[XRayImage], masks: Sequence[NDArray[np.bool_] | None] | None = None, seed: int = 0
    ) -> Located:
        """Where the X-rays were taken from, whatever pose they have themselves.

        Args:
            xrays: of one moment, with their true geometry relative to each other, of any grey scale.
            masks: for each X-ray (rows, cols), True where it is to be ignored; or None.
            seed: of the pixels that are drawn.

        Raises:
            NotRecognisedError: no pose with which enough of what the network sees agrees.
            GeometryError: no X-ray.
            VolumeError: a mask of another size or over everything; `BlankXRayError` for an X-ray that shows nothing.
        """
        if not xrays:
            raise GeometryError("There is no X-ray to locate; give at least one.")
        masks = checked_masks(xrays, masks)
        views = [prepare_view(xray, mask) for xray, mask in zip(xrays, masks, strict=True)]
        seen = [self._see(view, xray.projection, seed) for view, xray in zip(views, xrays, strict=True)]
        maps, pictures = [one for one, _ in seen], [picture for _, picture in seen]
        if sum(int(of_view.valid.sum()) for of_view in maps) < LEAST_PIXELS:
            raise NotRecognisedError(_not_recognised(self.ct_name, xrays))
        pose = pose_from_scene_coordinates(maps, [picture.projection for picture in pictures], seed)
        if not pose.consistent:
            raise NotRecognisedError(_not_recognised(self.ct_name, xrays))
        moved = tuple(xray.projection.moved(pose.transform_ras) for xray in xrays)
        return Located(moved, pose, tuple(maps), tuple(pictures))

    def _see(self, view: View, projection: Projection, seed: int) -> tuple[SceneCoordinateMaps, Picture]:
        """The maps of an X-ray: read as it is and with bright and dark exchanged, what fits a pose better."""
        readings = []
        for reading in (view, view.inverted):
            picture = picture_of(reading, projection)
            maps = observe(self.network, self.center_ras, picture)
            enough = int(maps.valid.sum()) >= LEAST_PIXELS
            pose = pose_from_scene_coordinates([maps], [picture.projection], seed) if enough else None
            # The number that agree, not their share alone: an inverted X-ray may show a few points that happen to.
            agreeing = 0.0 if pose is None else pose.inlier_share * float(maps.valid.sum())
            readings.append((agreeing, maps, picture))
        _, maps, picture = max(readings, key=lambda one: one[0])
        return maps, picture

    def save(self, folder: str | Path, overwrite: bool = False) -> None:
        """Write the model as a folder.

        Raises:
            OutputExistsError: there is one already, or it cannot be written.
        """
        save_bundle(
            Bundle(
                weights=self.network.state_dict(),
                metadata={
                    "version": __version__,
                    "monai_version": monai.__version__,
                    "pytorch_version": torch.__version__,
                    "numpy_version": np.__version__,
                    "task": "X-ray to CT registration by scene coordinates of one patient",
                    "xray3d": self._facts(),
                },
                inference={"network_def": self.network.definition},
                card=model_card(self.ct_name, self.poses, self.bone_hu, self.report.__dict__),
            ),
            folder,
            overwrite,
        )

    def _facts(self) -> dict[str, Any]:
        return {
            "kind": KIND,
            "format": _FORMAT,
            "network": self.network.arguments,
            "poses": self.poses.to_dict(),
            "ct": {"name": self.ct_name, **self.ct.to_dict()},
            "bone_hu": self.bone_hu,
            "report": self.report.__dict__,
        }

    @classmethod
    def load(cls, folder: str | Path, device: str = "cpu") -> SceneCoordinateModel:
        """Read a model.

        Raises:
            ModelError: no model, a damaged one, or one of another kind.
            DeviceError: the device is not there.
        """
        resolve_device(device)
        bundle = load_bundle(folder)
        facts = bundle.metadata.get("xray3d")
        if not isinstance(facts, dict) or facts.get("kind") != KIND or facts.get("format") != _FORMAT:
            raise ModelError(f"{folder} holds a model for something else; choose one trained for scene coordinates.")
        try:
            network = SceneCoordinateNetwork(**facts["network"])
            network.load_state_dict(dict(bundle.weights))
            of_ct = facts["ct"]
            poses, ct = PoseRange.from_dict(facts["poses"]), CTFingerprint.from_dict(of_ct)
            report, bone_hu = TrainingReport(**facts["report"]), float(facts["bone_hu"])
            name = str(of_ct["name"])
        except (AttributeError, KeyError, TypeError, ValueError, RuntimeError, XRay3DError) as failure:
            raise ModelError(f"The model in {folder} is damaged; copy it again or train it anew.") from failure
        return cls(network.to(device).eval(), poses, name, ct, bone_hu, report)


@dataclass(frozen=True, eq=False)
class Located:
    """What a model says of X-rays.

    Attributes:
        projections: of the X-rays, at their own size, where the model puts them.
        pose: the same with how sure it is.
        maps: of each X-ray, the points that the pose follows from.
        pictures: what the network was shown; each map is on the pixels of its `projection`.
    """

    projections: tuple[Projection, ...]
    pose: ScenePose
    maps: tuple[SceneCoordinateMaps, ...]
    pictures: tuple[Picture, ...] = field(repr=False)


def _not_recognised(ct_name: str, xrays: Sequence[XRayImage]) -> str:
    which = " and ".join(xray.name for xray in xrays)
    return (
        f"The model does not recognise what it knows of {ct_name} in {which}; check that this is the same patient, and "
        "that the model was trained for this part of the body and these directions."
    )
