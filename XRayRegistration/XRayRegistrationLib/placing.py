"""X-rays put where a registration or the user's hand has them, with what belongs to them."""

from __future__ import annotations

from slicer.i18n import tr as _

from xray3d.mrml.registration import Change, Motion, move_rigidly
from xray3d.registration.result import RegistrationResult

from .task import Outcome, Request

BY_HAND = '{"by": "hand"}'


class Registration:
    """What `XRayRegistrationLogic.register` did.

    Attributes:
        result: the library's: verdict, reason, similarity, expected errors, projections.
        transforms: the linear transform nodes that move the X-rays, each once; none where the registration failed.
    """

    def __init__(self, result: RegistrationResult, change: Change | None) -> None:
        self.result = result
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


def applyOutcome(outcome: Outcome, request: Request) -> Change | None:
    """Move the X-rays, their masks and landmarks to the result; None, and nothing moved, where it failed."""
    if outcome.report.verdict == "failed":
        return None
    return place(request, outcome.motions, outcome.report.toJson())


def place(request: Request, motions, about: str = BY_HAND) -> Change:
    """Move X-rays with their masks and landmarks.

    Args:
        request: names them.
        motions: (4, 4) RAS to RAS for each X-ray, mm.
        about: JSON for the transform nodes.

    Raises:
        GeometryError: as `move_rigidly`; nothing has changed then.
    """
    alone = [None] * len(request.xrays)
    moved = []
    for nodes in (request.xrays, request.masks or alone, request.landmarks or alone):
        moved += [Motion(node, motion) for node, motion in zip(nodes, motions, strict=True) if node is not None]
    names = ", ".join(node.GetName() for node in request.xrays)
    return move_rigidly(moved, _("Registration of {names}").format(names=names), about)
