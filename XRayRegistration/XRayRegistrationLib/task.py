"""A registration to be done: nodes are read on the main thread, the work is done on any."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from slicer.i18n import tr as _

from xray3d import LabelVolume, XRayImage
from xray3d.errors import GeometryError, ModelError, VolumeError
from xray3d.inpainting.treatment import Treated, needs_networks, treat_implants, treatment
from xray3d.mrml.landmarks import landmark_pairs
from xray3d.mrml.masks import mask_from_node, region_from_segment
from xray3d.mrml.xrays import xray_from_node
from xray3d.registration.landmark_pairs import LandmarkPairs
from xray3d.registration.landmarks import pose_from_landmarks
from xray3d.registration.register import RelativeError
from xray3d.registration.result import RegistrationResult
from xray3d.registration.scene_correspondences import partial_point_cloud
from xray3d.volumes.point_cloud import PointCloud
from XRayCoreLib import packages

from .inputs import Inputs
from .parameters import MAX_XRAYS
from .patient import Patient
from .report import Report, reportOf

Progress = Callable[[str, float], object]

STARTS = ("current", "landmarks", "search", "model")


@dataclass
class Request:
    """What is asked for, in nodes; every list has an entry for each X-ray, where it is not empty.

    Attributes:
        xrays: X-ray nodes.
        masks: segmentation or label map nodes, or None.
        implants: what is done about metal, one of the library's `TREATMENTS`.
        start: one of `STARTS`.
        ctLandmarks: point list in the CT.
        landmarks: point lists on the X-rays, or None.
        anglesKnown: whether landmarks may rely on the X-rays' present direction.
        model: folder of a model that knows the CT.
        region: segmentation node and segment ID; None for all of the CT.
        searchAround: whether it may search about its start where that alone is not enough.
        relative: translation (mm) and rotation (degrees) by which a view may be off the others; None for exact.
        motion: (4, 4) by which the X-rays are moved before anything else.
        seed: fixes what is drawn at random.
    """

    xrays: Sequence[Any]
    masks: Sequence[Any] = ()
    implants: str = "keep"
    start: str = "current"
    ctLandmarks: Any = None
    landmarks: Sequence[Any] = ()
    anglesKnown: bool = True
    model: str | Path = ""
    region: tuple[Any, str] | None = None
    searchAround: bool = True
    relative: tuple[float, float] | None = None
    motion: NDArray[np.float64] = field(default_factory=lambda: np.eye(4))
    seed: int = 0

    def ensurePackages(self) -> None:
        """Ask for the Python packages that this needs and other registrations do without; on the main thread.

        Raises:
            PackagesMissing: they are not there and were declined.
            XRay3DError: something else to be done about implants than there is.
        """
        if self.start == "model":
            packages.ensure("training")
        if needs_networks(treatment(self.implants), self.masks):
            packages.ensure("inpainting")


@dataclass(frozen=True)
class Outcome:
    """What came of a Task.

    Attributes:
        result: the library's.
        report: what is to be known of it.
        points: on the bones, in the world, as the model saw them that it started from; None without one.
    """

    result: RegistrationResult
    report: Report
    points: PointCloud | None = None


@dataclass
class Task:
    """A registration, ready to be done off the main thread."""

    patient: Patient
    request: Request
    inputs: Inputs
    xrays: list[XRayImage]
    masks: list[NDArray[np.bool_] | None]
    region: LabelVolume | None
    pairs: LandmarkPairs | None
    relativeError: RelativeError | None

    @classmethod
    def ofNodes(cls, patient: Patient, ctNode, request: Request) -> Task:
        """Read the nodes, on the main thread.

        Raises:
            VolumeError, GeometryError, ModelError: one sentence on what cannot be used.
        """
        xrays = readXRays(request.xrays)
        if request.start == "model" and not str(request.model):
            raise ModelError("No model is chosen; choose the folder of a model, or train one for this CT.")
        _requireOneForEach(xrays, masks=request.masks, landmarks=request.landmarks)
        relativeError = _relativeError(request)
        masks = request.masks or [None] * len(xrays)
        read = [None if m is None else mask_from_node(m, node) for m, node in zip(masks, request.xrays, strict=True)]
        region = None if request.region is None else region_from_segment(*request.region, ctNode)
        inputs = Inputs(ctNode, request.xrays)
        return cls(patient, request, inputs, xrays, read, region, cls._pairs(request), relativeError)

    @staticmethod
    def _pairs(request: Request) -> LandmarkPairs | None:
        if request.start not in STARTS:
            raise GeometryError(f"There is no start {request.start!r}; choose one of: {', '.join(STARTS)}.")
        if request.start != "landmarks":
            return None
        landmarks = request.landmarks or [None] * len(request.xrays)
        return landmark_pairs(request.ctLandmarks, landmarks, request.xrays)

    def run(self, progress: Progress) -> Outcome:
        """Register; `progress` may raise to stop. Free of MRML."""
        treated = treat_implants(
            self.xrays, self.masks, treatment(self.request.implants), progress=lambda text, _share: progress(text, 0.0)
        )
        progress(_("Preparing the CT"), 0.0)
        options = {
            "masks": treated.masks,
            "search": self._search,
            "relative_error": self.relativeError,
            "progress": progress,
            "seed": self.request.seed,
        }
        if self.request.start == "model":
            return self._runWithModel(treated, options)
        start, warning = self._start()
        initial = [xray.projection.moved(start) for xray in self.xrays]
        result = self.patient.registrar(self.region).register(treated.xrays, initial, **options)
        return Outcome(result, self._report(result, treated, warning))

    def points(self) -> PointCloud:
        """Where the model sees the X-rays' rays enter and leave bone, in the world; without a registration.

        Raises:
            ModelError: no model, or one for another CT.
            NotRecognisedError, BlankXRayError: X-rays in which it sees nothing that it knows.
        """
        return _pointsOf(self.patient.locator(self.request.model).locate(self.xrays, self.masks, self.request.seed))

    def _runWithModel(self, treated: Treated, options: Mapping[str, Any]) -> Outcome:
        from xray3d.registration.scene_regression.registering import register_with_model  # slow, like the model

        locator = self.patient.locator(self.request.model)
        found = register_with_model(self.patient.registrar(self.region), locator, treated.xrays, **options)
        points = None if found.located is None else _pointsOf(found.located)
        return Outcome(found.result, self._report(found.result, treated, ""), points)

    def _report(self, result: RegistrationResult, treated: Treated, warning: str) -> Report:
        return reportOf(result, self.request.start, warning, self.xrays, treated.implant_shares)

    @property
    def _search(self) -> str:
        if self.request.start == "search":
            return "wide"
        return "auto" if self.request.searchAround else "off"

    def _start(self) -> tuple[NDArray[np.float64], str]:
        """The motion (4, 4) from where the X-rays are to where they start, and what is to be said about it."""
        motion = self.request.motion
        if self.pairs is None:
            return motion, ""
        found = pose_from_landmarks(
            [xray.projection.moved(motion) for xray in self.xrays],
            self.pairs.points_ras,
            self.pairs.pixels,
            angles_known=self.request.anglesKnown,
            names=self.pairs.names,
        )
        return found.transform_ras @ motion, found.warning


def readXRays(nodes: Sequence[Any]) -> list[XRayImage]:
    """The X-rays of nodes.

    Raises:
        VolumeError, GeometryError: none or too many, one twice, or one that is no X-ray with geometry.
    """
    if not nodes:
        raise VolumeError("No X-ray is chosen; choose one to four X-rays.")
    if len(nodes) > MAX_XRAYS:
        raise VolumeError(f"{len(nodes)} X-rays are too many; choose at most {MAX_XRAYS}.")
    for one, other in combinations(nodes, 2):
        if one is other and one is not None:
            raise VolumeError(f"{one.GetName()} is chosen twice; choose every X-ray once.")
    return [xray_from_node(node) for node in nodes]


def _pointsOf(located) -> PointCloud:
    """The points of the library's `Located`."""
    return partial_point_cloud(located.maps, _("Bone points"))


def _requireOneForEach(xrays: list[XRayImage], **lists: Sequence[Any]) -> None:
    for name, nodes in lists.items():
        if nodes and len(nodes) != len(xrays):
            raise VolumeError(
                f"There are {len(xrays)} X-rays but {len(nodes)} {name}; give one, or None, for each X-ray."
            )


def _relativeError(request: Request) -> RelativeError | None:
    """By how much the X-rays may be off each other; None for one alone, or where their geometry is exact.

    Raises:
        GeometryError: numbers that are not positive.
        VolumeError: something chosen for two X-rays, which could follow only one of them.
    """
    if request.relative is None:
        return None
    error = RelativeError(*request.relative)
    if len(request.xrays) == 1:
        return None
    for one, other in combinations([*request.masks, *request.landmarks], 2):
        if one is other and one is not None:
            raise VolumeError(
                f"{one.GetName()} is chosen for two X-rays that may move apart, and can follow only one of them; "
                "choose one for each X-ray, or take their geometry as exact."
            )
    return error
