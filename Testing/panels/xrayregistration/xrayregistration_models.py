"""Models of the small patient: one that is saved but sees nothing, what a good one would see, and a trainer."""

import inspect
import threading
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import slicer
from vtkmodules.util.numpy_support import vtk_to_numpy
from xrayregistration_support import ANGLES, small_ct, true_view

import standin
from panel_support import settle
from xray3d import SceneCoordinateRenderer
from xray3d.datasets.pose_range import PoseRange
from xray3d.errors import NotRecognisedError
from xray3d.models.fingerprint import CTFingerprint
from xray3d.mrml.xrays import projection_from_node
from xray3d.registration.scene_correspondences import SceneCoordinateMaps
from xray3d.registration.scene_pose import pose_from_scene_coordinates
from xray3d.registration.scene_regression import training
from xray3d.registration.scene_regression.locating import Located
from xray3d.registration.scene_regression.model import SceneCoordinateModel, TrainingReport
from xray3d.registration.scene_regression.network import ComparisonNetwork
from xray3d.registration.scene_regression.placing import Placed

SIGMA_MM = 0.7
TRAIN = training.train  # before a test replaces it

CHOICES = {
    "primaryFromDeg": -20.0,
    "primaryToDeg": 110.0,
    "secondaryFromDeg": -5.0,
    "secondaryToDeg": 25.0,
    "inPlaneFromDeg": -90.0,
    "inPlaneToDeg": 90.0,
    "acrossMm": 30.0,
    "alongMm": 60.0,
    "sddMm": 1200.0,
    "sodMm": 800.0,
    "boneHu": 300.0,
    "steps": 500,
    "goalMm": 2.5,
}
"""Of a training: what the panel's numbers can say besides their defaults."""


def make_model(ct=None, poses=None, median_mm=2.3):
    """A model for a CT; its network was never trained."""
    ct = small_ct() if ct is None else ct
    report = TrainingReport(
        steps=4000,
        batch=8,
        seed=0,
        seconds=600.0,
        started_from="scratch",
        mtre_mm={"25": 1.2, "50": median_mm, "75": 3.9, "95": 8.8},
        gross_failures=0.03,
        views=64,
        device="2 CPU cores",
    )
    poses = poses or PoseRange(tuple(map(float, ct.center_ras)))
    network = ComparisonNetwork((4, 4, 8, 8, 8, 4)).eval()
    return SceneCoordinateModel(network, poses, ct.name, CTFingerprint.of(ct), 250.0, report)


@cache
def maps_of_views(count):
    """Exact scene coordinates of the first X-rays of the small patient, in its own frame."""
    renderer = SceneCoordinateRenderer(small_ct())
    return tuple(SceneCoordinateMaps.exact(renderer.render(true_view(n)), SIGMA_MM) for n in range(count))


def moved_maps(maps, motion):
    """The same of a patient who was moved by (4, 4)."""
    entry, leave = (points @ motion[:3, :3].T + motion[:3, 3] for points in (maps.entry_ras, maps.exit_ras))
    return SceneCoordinateMaps(entry, leave, maps.entry_sigma_mm, maps.exit_sigma_mm, maps.valid)


def sees_everything(motion=None):
    """`Locator.locate` of a perfect network; the patient was moved by (4, 4), if at all."""
    motion = np.eye(4) if motion is None else motion

    def locate(self, xrays, masks=None, seed=0, breathe=None):
        assert len(xrays) <= len(ANGLES)
        maps = tuple(moved_maps(of_view, motion) for of_view in maps_of_views(len(xrays)))
        pose = pose_from_scene_coordinates(maps, [xray.projection for xray in xrays], seed)
        moved = tuple(xray.projection.moved(pose.transform_ras) for xray in xrays)
        return Located(moved, Placed(None, pose, maps, ()))

    return locate


def sees_nothing(self, xrays, masks=None, seed=0, breathe=None):
    """`Locator.locate` of X-rays of somebody else."""
    raise NotRecognisedError("The model does not recognise what it knows of the patient in these X-rays.")


@dataclass
class FakeTrainer:
    """Stands in for the library's `train`: three steps, the best model after the second, and what `train` leaves.

    Resumed, it makes the last two steps.

    Attributes:
        calls: what it was asked, by the names of the library's parameters.
        before: called with the number of each step, before it is reported.
    """

    calls: list[dict[str, Any]] = field(default_factory=list)
    before: Any = lambda step: None

    def __call__(self, *arguments, **options):
        call = inspect.signature(TRAIN).bind(*arguments, **options).arguments
        self.calls.append(call)
        folder, ct = Path(call["folder"]), call["ct"]
        state = folder.with_name(f"{folder.name}.training")
        model = make_model(ct, call["poses"])
        call["progress"]("Preparing the CT", 0.0)
        try:
            for step in range(1 if call["resume"] else 0, 3):
                self.before(step)
                call["progress"](f"Step {step + 1} of 3; median error 2.3 mm", step / 3)
                if step == 1:
                    model.save(folder, overwrite=True)
            self.before(3)
        except BaseException:
            state.write_text("where it stands")
            raise
        state.unlink(missing_ok=True)
        return model


class Pause:
    """Where a worker waits until the test lets it go; it calls this with the number of its step."""

    def __init__(self, step=None):
        self.step = step
        self.reached, self.go = threading.Event(), threading.Event()

    def __call__(self, step=None):
        if step == self.step and not self.go.is_set():
            self.reached.set()
            assert self.go.wait(20)


def train_until(widget, pause):
    """Press Train, answer yes, and wait for the pause; returns what lets it go."""
    with standin.CapturedMessages(answer=True):
        widget.ui.trainButton.click()
    assert pause.reached.wait(20)
    return pause.go


def stop(widget, go):
    """Press Cancel."""
    widget.panel.bar.cancel()
    go.set()
    settle(widget)


def use_model(widget, folder):
    """Choose the start "model" and a folder."""
    widget.ui.startComboBox.setCurrentText("model")
    widget.ui.modelPathEdit.currentPath = str(folder)
    settle(widget)


def in_use(widget):
    """The start and the folder of the model that are chosen."""
    return widget.panel.parameters.start, widget.panel.parameters.model


def stands_true(node, number):
    """Whether an X-ray is where it belongs."""
    return np.allclose(projection_from_node(node).extrinsic, true_view(number).extrinsic, atol=0.05)


def true_points(count=2):
    """What a perfect model sees in the first X-rays, (n, 3) in the small patient's own frame."""
    maps = maps_of_views(count)
    return np.concatenate([m.entry_ras[m.valid] for m in maps] + [m.exit_ras[m.valid] for m in maps])


def points_in_world(node):
    """The points (n, 3) of a model node where they are seen."""
    points = vtk_to_numpy(node.GetPolyData().GetPoints().GetData()).astype(float)
    parent = node.GetParentTransformNode()
    if parent is None:
        return points
    to_world = slicer.util.arrayFromTransformMatrix(parent, toWorld=True)
    return points @ to_world[:3, :3].T + to_world[:3, 3]


def model_nodes():
    """The user's model nodes."""
    nodes = slicer.util.getNodesByClass("vtkMRMLModelNode")
    return [node for node in nodes if not node.GetHideFromEditors()]
