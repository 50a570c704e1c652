"""Points that the user places in the views."""

from __future__ import annotations

import slicer
from slicer.i18n import tr as _


def newPoints():
    """A new point list that the next clicks in the views go into; returns its node.

    Its points get the names that Slicer gives them, "Vertebra-1" and so on, which are no levels: which vertebra a point
    is in, and which marks on X-rays are the same one, only the user knows.
    """
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", _("Vertebra"))
    node.CreateDefaultDisplayNodes()
    markups = slicer.modules.markups.logic()
    markups.SetActiveList(node)
    markups.StartPlaceMode(True)
    return node
