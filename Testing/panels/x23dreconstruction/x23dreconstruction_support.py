"""X-rays of vertebrae, a reconstructor that answers at once, and the X23D Reconstruction's panel as tests use it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import slicer

from panel_support import open_module, settle

SIZE = (60, 72)
L3, L4 = np.array([10.0, -20.0, 30.0]), np.array([8.0, -24.0, -6.0])
RADIUS_MM = 15.0


def view(angle=0.0, size=SIZE, pixel_mm=(4.0, 4.0)):
    """A C-arm view of the middle between the levels."""
    from xray3d import Projection

    return Projection.from_carm(angle, 0, (9, -22, 12), 1000, 700, size, pixel_mm)


def add_xray(name="AP", angle=0.0, **options):
    """An X-ray with its geometry."""
    from xray3d import XRayImage
    from xray3d.mrml.xrays import xray_to_node

    projection = view(angle, **options)
    pixels = np.random.default_rng(0).random(projection.size_px, np.float32)
    return xray_to_node(XRayImage(pixels, projection), name=name)


def add_plain(name="Plain"):
    """An X-ray without geometry."""
    return slicer.util.addVolumeFromArray(np.random.default_rng(0).random((1, *SIZE)), name=name)


def add_points(*named, name="Middles"):
    """A point list."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", name)
    for label, place in named:
        node.AddControlPoint(place, label)
    return node


def marked(xray, point):
    """Where an X-ray's detector shows a point."""
    from xray3d.mrml.xrays import projection_from_node

    projection = projection_from_node(xray)
    return projection.unproject(projection.project(point), projection.sdd_mm)


def add_box(middle, name="L2"):
    """A region of interest about a vertebra."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", name)
    node.SetCenter(middle)
    node.SetSize(100, 120, 60)
    return node


@dataclass
class FakeReconstructor:
    """Stands in for the library's Reconstructor: a ball about the middle of the frame that it is given.

    Attributes:
        wait: called before each answer.
        radius_mm: of the ball.
        asked: the names of the X-rays, and the frame, for each question.
        devices: on which it was made.
    """

    wait: Any = None
    radius_mm: float = RADIUS_MM
    asked: list[Any] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)

    def shipped(self, device="cpu"):
        self.devices.append(device)
        return self

    def reconstruct(self, xrays, region):
        from xray3d.reconstruction.reconstruct import Reconstruction
        from xray3d.reconstruction.region import frame_of

        frame = frame_of(region)
        self.asked.append(([xray.name for xray in xrays], frame))
        if self.wait is not None:
            self.wait()
        shape = (40, 42, 44)
        to_ras = frame.copy()
        to_ras[:3, 3] -= frame[:3, :3] @ (np.array(shape[::-1]) - 1) / 2
        k, j, i = np.indices(shape)
        ras = np.stack([i, j, k], axis=-1) @ to_ras[:3, :3].T + to_ras[:3, 3]
        inward_mm = self.radius_mm - np.linalg.norm(ras - frame[:3, 3], axis=-1)
        return Reconstruction((1 / (1 + np.exp(-inward_mm))).astype(np.float32), to_ras)


def install_fake(monkeypatch, fake):
    """Have the module use a fake Reconstructor."""
    from xray3d.reconstruction.reconstruct import Reconstructor

    monkeypatch.setattr(Reconstructor, "shipped", fake.shipped)
    return fake


@dataclass
class FakeLocator:
    """Stands in for the library's LevelLocator: finds L3 and L4 where they are.

    Attributes:
        wait: called before each answer.
        levels: that it finds.
        confidence: of each.
        asked: the names of the X-rays, for each question.
    """

    wait: Any = None
    levels: dict[str, Any] = field(default_factory=lambda: {"L3": L3, "L4": L4})
    confidence: float = 0.95
    asked: list[Any] = field(default_factory=list)

    def shipped(self, device="cpu"):
        return self

    def locate(self, xrays):
        from xray3d.reconstruction.level_finding.found import Found

        self.asked.append([xray.name for xray in xrays])
        if self.wait is not None:
            self.wait()
        return [Found(level, middle, 2.0, self.confidence, len(xrays)) for level, middle in self.levels.items()]


def install_fake_locator(monkeypatch, fake):
    """Have the module use a fake LevelLocator."""
    from xray3d.reconstruction.level_finding.locate import LevelLocator

    monkeypatch.setattr(LevelLocator, "shipped", fake.shipped)
    return fake


def open_widget():
    """The module's Python widget, built and entered."""
    return open_module("X23DReconstruction")


def check(widget, *nodes):
    """Check X-rays in the table, and no others."""
    import qt

    settle(widget)
    table = widget.ui.xraysTable
    for row, node in enumerate(widget.panel.xrays):
        if table.item(row, 0).flags() & qt.Qt.ItemIsEnabled:
            table.item(row, 0).setCheckState(qt.Qt.Checked if node in nodes else qt.Qt.Unchecked)
    settle(widget)


def choose_places(widget, node):
    """Choose where the vertebrae are."""
    widget.ui.placesSelector.setCurrentNode(node)
    settle(widget)


def table_text(table):
    """What a table says, row by row."""
    return [[table.item(row, c).text() for c in range(table.columnCount)] for row in range(table.rowCount)]


def node_named(name):
    """The only node of that name; None where there is none."""
    nodes = slicer.mrmlScene.GetNodesByName(name)
    assert nodes.GetNumberOfItems() < 2, name
    return nodes.GetItemAsObject(0)


def vertices_of(level):
    """(n, 3) of the model of a level, in RAS mm."""
    return slicer.util.arrayFromModelPoints(node_named(level))


def is_ball(level, middle, radius_mm=RADIUS_MM):
    """Whether the model of a level is the fake's ball there."""
    return np.allclose(np.linalg.norm(vertices_of(level) - middle, axis=1), radius_mm, atol=0.5)


def outline_nodes():
    """The models of outlines, by the name of the X-ray that they lie on."""
    nodes = slicer.util.getNodesByClass("vtkMRMLModelNode")
    return [node for node in nodes if node.GetHideFromEditors() and node.GetName().startswith("X-ray contours")]


def scene_state():
    """Every node of the user's with its parent, its attributes and when its data was changed last."""
    found = {}
    for n in range(slicer.mrmlScene.GetNumberOfNodes()):
        node = slicer.mrmlScene.GetNthNode(n)
        if node.IsA("vtkMRMLScriptedModuleNode") or node.GetHideFromEditors() or not node.IsA("vtkMRMLStorableNode"):
            continue
        data = None
        if node.IsA("vtkMRMLModelNode"):
            data = node.GetPolyData()
        elif node.IsA("vtkMRMLVolumeNode"):
            data = node.GetImageData()
        elif node.IsA("vtkMRMLSegmentationNode"):
            data = node.GetSegmentation()
        attributes = {name: node.GetAttribute(name) for name in node.GetAttributeNames()}
        parent = node.GetTransformNodeID() if node.IsA("vtkMRMLTransformableNode") else None
        found[node.GetID()] = (node.GetName(), parent, attributes, None if data is None else data.GetMTime())
    return found
