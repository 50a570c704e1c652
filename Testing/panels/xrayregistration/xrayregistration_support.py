"""A small patient with X-rays, and the X-ray Registration's panel as tests use it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import slicer

from panel_support import open_module, settle

SIZE = (60, 72)
ANGLES = (0.0, 75.0, -40.0, 30.0)


def small_ct():
    """A body of water with bones that no symmetry hides, in 4 mm voxels, centred at (5, 10, 20)."""
    from xray3d import CTVolume

    k, j, i = np.indices((36, 32, 40), float)
    body = ((i - 19.5) / 19) ** 2 + ((j - 15.5) / 14) ** 2 < 1
    block = (abs(i - 26) < 4) & (abs(j - 10) < 3) & (abs(k - 24) < 7)
    rod = (abs(i - 12) < 2) & (abs(j - 18) < 2) & (abs(k - 15) < 10)
    hu = np.where(block | rod, 900.0, np.where(body, 30.0, -1000.0))
    ijk_to_ras = np.diag([4.0, 4.0, 4.0, 1.0])
    ijk_to_ras[:3, 3] = [5 - 4 * 19.5, 10 - 4 * 15.5, 20 - 4 * 17.5]
    return CTVolume(hu, ijk_to_ras, "Small patient")


def true_view(number=0):
    """The projection of an X-ray of the small patient where it belongs."""
    from xray3d import Projection

    return Projection.from_carm(ANGLES[number], 0, small_ct().center_ras, 1020, 700, SIZE, (4.5, 4.5))


def off(translation_mm=(0, 0, 0), rotation_deg=(0, 0, 0)):
    """A rigid motion (4, 4)."""
    from xray3d.geometry.poses import se3_exp

    return se3_exp([*translation_mm, *np.deg2rad(rotation_deg)])


MOVED = ((6.0, -4.0, 8.0), (2.0, -3.0, 1.0))
FAR = ((260.0, -140.0, 180.0), (50.0, -70.0, 30.0))


def add_ct(name="Patient"):
    """The small patient in the scene."""
    from xray3d.mrml.volumes import ct_to_node

    return ct_to_node(small_ct(), name)


def add_xray(number=0, name=None, moved=None):
    """An X-ray of the small patient that stands where it belongs, or moved from there by a rigid motion (4, 4)."""
    from xray3d import DRRRenderer, XRayImage
    from xray3d.mrml.xrays import xray_to_node

    view = true_view(number)
    pixels = DRRRenderer(small_ct()).render(view)
    stands = view if moved is None else view.moved(moved)
    return xray_to_node(XRayImage(pixels, stands), name=name or f"X-ray {number + 1}")


def add_points(name, points, labels):
    """A point list in the scene."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", name)
    for point, label in zip(points, labels, strict=True):
        node.AddControlPointWorld(*point, label)
    return node


def add_mask(xray_node, covered, name="Metal"):
    """A label map on the X-ray's pixels, under the same transform."""
    node = slicer.util.addVolumeFromArray(
        covered[None].astype(np.uint8), name=name, nodeClassName="vtkMRMLLabelMapVolumeNode"
    )
    node.CopyOrientation(xray_node)
    node.SetAndObserveTransformNodeID(xray_node.GetTransformNodeID())
    return node


@dataclass
class FakeRegistrar:
    """Stands in for the library's Registrar: answers at once with a motion that the test chose.

    Attributes:
        motions: (4, 4) each, by which the X-rays are moved from where they start.
        calls: what it was asked.
    """

    motions: list[Any]
    verdict: str = "accepted"
    reason: str = "X-rays and CT agree."
    calls: list[dict[str, Any]] = field(default_factory=list)
    wait: Any = None

    def __call__(self, ct, device="cpu", region=None):
        self.ct = ct
        self.made_of = {"ct": ct, "device": device, "region": region}
        return self

    def register(self, xrays, initial=None, **options):
        from xray3d.registration.result import RegistrationResult

        self.calls.append({"xrays": xrays, "initial": initial, **options, **self.made_of})
        options["progress"]("Refining", 0.5)
        if self.wait is not None:
            self.wait()
        options["progress"]("Judging", 0.9)
        motions = self.motions * len(initial) if len(self.motions) == 1 else self.motions
        return RegistrationResult(
            projections=tuple(view.moved(motion) for view, motion in zip(initial, motions, strict=True)),
            transform_ras=motions[0],
            similarity=0.93,
            similarities=tuple(0.95 - 0.04 * number for number in range(len(initial))),
            verdict=self.verdict,
            reason=self.reason,
            covariance=np.diag([0.09, 1.0, 0.04, 1e-6, 1e-6, 1e-6]),
            pivot_ras=np.array([5.0, 10.0, 20.0]),
            error_along_mm=1.0,
            error_across_mm=0.3,
            used_share=0.6,
            seconds=1.25,
        )


def install_fake(monkeypatch, fake):
    """Have the module use a fake Registrar."""
    from XRayRegistrationLib import patient

    monkeypatch.setattr(patient, "Registrar", fake)
    return fake


def open_widget():
    """The module's Python widget, built and entered."""
    return open_module("XRayRegistration")


def choose(widget, ct=None, xrays=()):
    """Choose a CT and X-rays in the panel."""
    widget.ui.ctSelector.setCurrentNode(ct)
    for number, node in enumerate(xrays, start=1):
        getattr(widget.ui, f"xraySelector{number}").setCurrentNode(node)
    settle(widget)


def register(widget):
    """Press Register and wait."""
    widget.ui.registerButton.click()
    settle(widget)


def hand_motion(widget):
    """The motion (4, 4) of the X-rays that the sliders mean."""
    from XRayRegistrationLib.hand import handMotion

    return handMotion(widget.panel.parameters)


def overlay_pixels():
    """The overlay's image, None where there is none."""
    nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    found = [node for node in nodes if node.GetHideFromEditors()]
    return slicer.util.arrayFromVolume(found[0])[0].copy() if found else None


def scene_state():
    """Every node of the user's with its parent, its matrix and its attributes, and the names of them all."""
    found = {}
    for n in range(slicer.mrmlScene.GetNumberOfNodes()):
        node = slicer.mrmlScene.GetNthNode(n)
        if node.IsA("vtkMRMLScriptedModuleNode") or node.GetHideFromEditors() or not node.IsA("vtkMRMLStorableNode"):
            continue
        linear = node.IsA("vtkMRMLLinearTransformNode")
        matrix = slicer.util.arrayFromTransformMatrix(node).tolist() if linear else None
        attributes = {name: node.GetAttribute(name) for name in node.GetAttributeNames()}
        found[node.GetID()] = (node.GetName(), node.GetTransformNodeID(), matrix, attributes)
    return found
