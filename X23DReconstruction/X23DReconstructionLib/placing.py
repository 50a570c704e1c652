"""Points in vertebral bodies: those that the user places in the views, and those of vertebrae that were found."""

from __future__ import annotations

from collections.abc import Sequence

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


def storeFound(task, found: Sequence):
    """Put a point into the middle of each body, named by its level; returns the list's node, a new one each time.

    Args:
        task: the `FindingTask` that found them.
        found: of the library.

    Raises:
        PanelError: an X-ray was changed meanwhile; nothing is made then.
    """
    task.read.requireSame()
    node = slicer.mrmlScene.AddNewNodeByClass(
        "vtkMRMLMarkupsFiducialNode", slicer.mrmlScene.GenerateUniqueName(_("Vertebrae found"))
    )
    node.CreateDefaultDisplayNodes()
    for one in found:
        node.AddControlPoint(one.middle_ras, one.level)
    return node
