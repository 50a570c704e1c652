"""X-rays with metal on them, an inpainter that answers at once, and the X-ray Inpainting's panel as tests use it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import slicer

from panel_support import open_module, settle

SIZE = (40, 52)
METAL = 3000
PAINTED = 500
OUTPUTS = ("without implants", "implants", "inpainting uncertainty", "difference")


def rod(column=20):
    """Where a rod is: a mask that no flip or transpose leaves as it is."""
    covered = np.zeros(SIZE, bool)
    covered[5:25, column : column + 4] = True
    return covered


def image(covered=None, dtype=np.int16):
    """Grey values of a patient, and of metal where it is."""
    rows, columns = np.indices(SIZE)
    grey = 100 + 10 * rows + columns
    return np.where(rod() if covered is None else covered, METAL, grey).astype(dtype)


def add_xray(name="AP", covered=None, angle=0.0, dtype=np.int16):
    """An X-ray with a rod, or with other metal, that stands on its detector."""
    from xray3d import Projection, XRayImage
    from xray3d.mrml.xrays import xray_to_node

    view = Projection.from_carm(angle, 0, (0, 0, 0), 1000, 700, SIZE, (5.0, 4.0))
    node = xray_to_node(XRayImage(np.zeros(SIZE, np.float32), view), name=name)
    slicer.util.updateVolumeFromArray(node, image(covered, dtype)[None])
    return node


def add_segmentation_on(node, covered, name="Drawn"):
    """A segmentation of the user's on an X-ray."""
    from xray3d.mrml.segmentations import add_segmentation

    return add_segmentation(covered[None], node, {1: "metal"}, name)


@dataclass
class FakeInpainter:
    """Stands in for the library's Inpainter: metal is what is bright, and everything behind it looks the same.

    Attributes:
        wait: called before each answer.
        asked: what it was asked, with the masks that it was to paint.
        devices: on which it was made.
    """

    wait: Any = None
    asked: list[Any] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)

    def shipped(self, device="cpu"):
        self.devices.append(device)
        return self

    def find(self, pixels):
        from xray3d.inpainting.finding import Found

        self._answer(("find", None))
        return Found(pixels >= METAL, (pixels >= METAL).astype(float))

    def paint(self, pixels, mask=None):
        from xray3d.inpainting.painting import Painted

        self._answer(("paint", mask))
        return Painted(np.where(mask, PAINTED + 0.4, pixels.astype(float)), mask, np.where(mask, 12.5, 0.0))

    def _answer(self, question):
        self.asked.append(question)
        if self.wait is not None:
            self.wait()


def install_fake(monkeypatch, fake):
    """Have the module use a fake Inpainter."""
    from xray3d.inpainting.inpainter import Inpainter

    monkeypatch.setattr(Inpainter, "shipped", fake.shipped)
    return fake


def open_widget():
    """The module's Python widget, built and entered."""
    return open_module("XRayInpainting")


def check(widget, *nodes):
    """Check X-rays in the table, and no others."""
    import qt

    settle(widget)
    table = widget.ui.xraysTable
    for row, node in enumerate(widget.panel.xrays):
        table.item(row, 0).setCheckState(qt.Qt.Checked if node in nodes else qt.Qt.Unchecked)
    settle(widget)


def table_text(widget):
    """What the table says, row by row."""
    table = widget.ui.xraysTable
    return [[table.item(row, column).text() for column in range(3)] for row in range(table.rowCount)]


def node_named(name):
    """The only node of that name; None where there is none."""
    nodes = slicer.mrmlScene.GetNodesByName(name)
    assert nodes.GetNumberOfItems() < 2, name
    return nodes.GetItemAsObject(0)


def pixels_of(node):
    """(rows, cols) of a volume node, given itself or by name."""
    return slicer.util.arrayFromVolume(node_named(node) if isinstance(node, str) else node)[0]


def mask_of(xray):
    """(rows, cols) of "<xray> implants"."""
    from xray3d.mrml.masks import implants_from_node

    return implants_from_node(node_named(f"{xray.GetName()} implants"), xray)


def scene_state():
    """Every node of the user's with its parent, its attributes and its pixels."""
    found = {}
    for n in range(slicer.mrmlScene.GetNumberOfNodes()):
        node = slicer.mrmlScene.GetNthNode(n)
        if node.IsA("vtkMRMLScriptedModuleNode") or node.GetHideFromEditors() or not node.IsA("vtkMRMLStorableNode"):
            continue
        is_image = node.IsA("vtkMRMLScalarVolumeNode") and node.GetImageData() is not None
        pixels = slicer.util.arrayFromVolume(node).tobytes() if is_image else None
        attributes = {name: node.GetAttribute(name) for name in node.GetAttributeNames()}
        parent = node.GetTransformNodeID() if node.IsA("vtkMRMLTransformableNode") else None
        found[node.GetID()] = (node.GetName(), parent, attributes, pixels)
    return found
