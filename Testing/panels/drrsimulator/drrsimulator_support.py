"""A small patient, and the DRR Simulator's panel as tests use it; imports the library only where it is needed."""

from typing import TYPE_CHECKING

import numpy as np
import slicer

from panel_support import open_module, settle

if TYPE_CHECKING:
    from xray3d import CTVolume

SIZE = (90, 120)


def small_ct() -> "CTVolume":
    """A body of water with a bone that no symmetry hides, in 4 mm voxels, centred at (5, 10, 20)."""
    from xray3d import CTVolume

    k, j, i = np.indices((36, 32, 40), float)
    body = ((i - 19.5) / 19) ** 2 + ((j - 15.5) / 14) ** 2 < 1
    bone = (abs(i - 26) < 4) & (abs(j - 10) < 3) & (abs(k - 24) < 7)
    hu = np.where(bone, 900.0, np.where(body, 30.0, -1000.0))
    ijk_to_ras = np.diag([4.0, 4.0, 4.0, 1.0])
    ijk_to_ras[:3, 3] = [5 - 4 * 19.5, 10 - 4 * 15.5, 20 - 4 * 17.5]
    return CTVolume(hu, ijk_to_ras, "Small patient")


def add_ct(name="Patient"):
    """The small patient in the scene."""
    from xray3d.mrml.volumes import ct_to_node

    return ct_to_node(small_ct(), name)


def add_screw(name="Screw"):
    """A closed metal bar within the patient."""
    from xray3d.mrml.models import add_surface

    corners = np.array([[x, y, z] for x in (-5, 5) for y in (-25, 25) for z in (-5, 5)], float) + [5, 10, 20]
    quads = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
    triangles = [triangle for a, b, c, d in quads for triangle in ([a, b, c], [a, c, d])]
    return add_surface(corners, triangles, name)


def open_widget():
    """The module's Python widget, built and entered."""
    return open_module("DRRSimulator")


def choose_ct(widget):
    """Choose the small patient, with a small detector so that tests are fast; returns the CT's node."""
    parameters = widget.panel.parameters
    parameters.rows, parameters.columns = SIZE
    parameters.pixelRowMm = parameters.pixelColumnMm = 2.5
    node = add_ct()
    widget.ui.ctSelector.setCurrentNode(node)
    settle(widget)
    return node


def apply(widget):
    """Press Apply and wait; returns the X-ray that was added last, None where there is none."""
    widget.ui.applyButton.click()
    settle(widget)
    return simulated()[-1] if simulated() else None


def preview_pixels():
    """The preview's image, None before there is one."""
    from DRRSimulatorLib.views import previewNode

    node = previewNode()
    return None if node is None else slicer.util.arrayFromVolume(node)[0].copy()


def simulated() -> list:
    """The X-rays taken."""
    from DRRSimulatorLib.views import simulatedViews

    return simulatedViews()


def node_ids() -> list[str]:
    """The IDs of every node of the scene, sorted."""
    scene = slicer.mrmlScene
    return sorted(scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes()))


def expected_drr(primary_deg, secondary_deg, ct=None):
    """What the preview of that C-arm must show, by the library alone."""
    from xray3d import DRRRenderer, Projection

    ct = ct or small_ct()
    view = Projection.from_carm(primary_deg, secondary_deg, ct.center_ras, 1020, 700, SIZE, (2.5, 2.5))
    return DRRRenderer(ct).render(view)
