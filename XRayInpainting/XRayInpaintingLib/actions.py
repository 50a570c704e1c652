"""What the panel's buttons do."""

from __future__ import annotations

from functools import partial

import slicer
from slicer.i18n import tr as _

from XRayCoreLib.messages import PanelError

from .words import foundInWords, removedInWords


class Actions:
    """The buttons of the panel; whatever one of them cannot do, it says in the panel.

    Args:
        panel: the Panel.
    """

    def __init__(self, panel) -> None:
        self._panel = panel
        panel.connectLibraryButtons(
            {
                "findButton": self.find,
                "paintButton": self.paint,
                "regionButton": self.addRegion,
                "growButton": partial(self.grow, 1),
                "shrinkButton": partial(self.grow, -1),
                "removeButton": self.remove,
                "sequenceButton": self.removeFromSequence,
            }
        )

    def find(self) -> None:
        """Find the implants of the X-rays that are checked, in a job, and have what is found count."""
        from .results import storeFound

        self._panel.requireIdle()
        parameters = self._panel.parameters
        task = self._panel.logic.task(self._panel.checked(), region=parameters.region)

        def finish(masks) -> None:
            storeFound(task, masks)
            self._panel.sceneParameters.implants = None
            self._finished(foundInWords([s.name for s in task.subjects], [bool(m.any()) for m in masks]))

        self._panel.bar.run(task.find, finish, [subject.node for subject in task.subjects])

    def remove(self) -> None:
        """Make copies without implants of the X-rays that are checked, in a job."""
        from xray3d.mrml.inpainting import IMPLANTS, output_of

        from .results import storeCleaned

        self._panel.requireIdle()
        parameters = self._panel.parameters
        nodes = self._panel.checked()
        masks = [parameters.implants or output_of(node, IMPLANTS) for node in nodes]
        task = self._panel.logic.task(nodes, masks, parameters.region)
        difference, uncertainty = parameters.difference, parameters.uncertainty

        def finish(outcomes) -> None:
            storeCleaned(task, outcomes, difference, uncertainty)
            parameters = self._panel.sceneParameters
            with slicer.util.NodeModify(parameters):
                parameters.overlay, parameters.blend = "without implants", 1.0
            found = [bool(outcome.mask.any()) for outcome in outcomes]
            self._finished(removedInWords([subject.name for subject in task.subjects], found))

        self._panel.bar.run(task.clean, finish, [subject.node for subject in task.subjects])

    def removeFromSequence(self) -> None:
        """Make a sequence without implants of the one that is chosen, in a job."""
        from xray3d.mrml.inpainting import show_clean_sequence

        self._panel.requireIdle()
        parameters = self._panel.parameters
        sequence = parameters.sequence
        task = self._panel.logic.sequenceTask(sequence, parameters.region)

        def finish(images) -> None:
            task.requireSame()
            node = show_clean_sequence(images, sequence)
            self._finished(_("The frames without implants are in {name}.").format(name=node.GetName()))

        self._panel.bar.run(task.cleanPixels, finish, [sequence])

    def grow(self, sign: int) -> None:
        """Give what was found on the X-rays that are checked a margin, or take one away."""
        from .results import growImplants

        self._panel.requireIdle()
        marginPx = sign * self._panel.parameters.growPx
        if not any([growImplants(node, marginPx) for node in self._panel.checked()]):
            raise PanelError(_("No implants were found yet on the X-rays that are checked; press Find implants."))
        self._panel.nodesChanged()

    def paint(self) -> None:
        """Open the Segment Editor on the implants of the X-ray that is shown; none so far, if need be."""
        import numpy as np

        from xray3d.mrml.inpainting import IMPLANTS, output_of, show_implants
        from xray3d.mrml.xrays import pixels_of

        from .segmenteditor import openSegmentEditor

        parameters = self._panel.parameters
        xray = parameters.shownXray
        node = parameters.implants or output_of(xray, IMPLANTS)
        openSegmentEditor(node or show_implants(np.zeros(pixels_of(xray).shape, bool), xray), xray)

    def addRegion(self) -> None:
        """Put a region of interest over the X-ray that is shown, and choose it."""
        from xray3d.mrml.inpainting import region_on

        self._panel.parameters.region = region_on(self._panel.parameters.shownXray)

    def _finished(self, sentence: str) -> None:
        """Show what there is now, and say what was done."""
        self._panel.nodesChanged()
        self._panel.follower.again()
        self._panel.bar.showMessage(sentence)
