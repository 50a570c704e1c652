"""X-rays put where a registration or the user's hand has them, with what belongs to them."""

from __future__ import annotations

import numpy as np
from slicer.i18n import tr as _

from xray3d.mrml.registration import Change, Motion, move_rigidly
from xray3d.mrml.xrays import projection_from_node
from xray3d.registration.result import RegistrationResult

from .bonepoints import BonePoints
from .task import Outcome, Request, Task

_BY_HAND = '{"by": "hand"}'


class Registration:
    """What `XRayRegistrationLogic.register` did.

    Attributes:
        result: the library's: verdict, reason, similarity, expected errors, projections.
        transforms: the linear transform nodes that move the X-rays, each once; none where the registration failed.
        bonePoints: points on the bones, `BonePoints` with `show()` and `save(path)`, as the model saw them that it
            started from; None without a model, or where the registration failed.
    """

    def __init__(self, result: RegistrationResult, change: Change | None, bonePoints: BonePoints | None = None) -> None:
        self.result = result
        self.bonePoints = bonePoints
        self.transforms = [] if change is None else list(change.transforms)
        self._change = change

    @property
    def transform(self):
        """The first transform node; None where the registration failed."""
        return self.transforms[0] if self.transforms else None

    def undo(self) -> None:
        """Put the X-rays back to where they were."""
        if self._change is not None:
            self._change.undo()
        self.transforms, self._change = [], None


def applyOutcome(outcome: Outcome, task: Task) -> Change | None:
    """Move the X-rays, their masks and landmarks to the result; None, and nothing moved, where it failed.

    The X-rays may have been moved while they were registered: they come to the same place from wherever they are.

    Raises:
        PanelError: CT or images are not those that were registered any more.
        GeometryError: as `move_rigidly`.
    """
    if outcome.report.verdict == "failed":
        return None
    task.inputs.requireSame()
    motions = [
        np.linalg.solve(registered.extrinsic, projection_from_node(node).extrinsic)
        for node, registered in zip(task.request.xrays, outcome.result.projections, strict=True)
    ]
    return move_rigidly(_withCompanions(task.request, motions), _name(task.request), outcome.report.toJson())


def bonePointsOf(outcome: Outcome, task: Task) -> BonePoints | None:
    """The points of an outcome that was applied, on the CT; None without a model, or where the registration failed."""
    if outcome.points is None or outcome.report.verdict == "failed":
        return None
    return BonePoints.ofWorld(outcome.points, task.inputs.ctNode)


def placeByHand(request: Request) -> Change:
    """Move the X-rays, their masks and landmarks as the request's motion says.

    Raises:
        GeometryError: as `move_rigidly`.
    """
    motions = [request.motion] * len(request.xrays)
    return move_rigidly(_withCompanions(request, motions), _name(request), _BY_HAND, by_hand=True)


def _withCompanions(request: Request, motions) -> list[Motion]:
    """A motion (4, 4) for each X-ray as that of all nodes that go with it."""
    alone = [None] * len(request.xrays)
    kinds = (request.xrays, request.masks or alone, request.landmarks or alone)
    pairs = [pair for nodes in kinds for pair in zip(nodes, motions, strict=True)]
    return [Motion(node, motion) for node, motion in pairs if node is not None]


def _name(request: Request) -> str:
    return _("Registration of {names}").format(names=", ".join(node.GetName() for node in request.xrays))
