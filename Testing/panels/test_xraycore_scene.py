"""X-rays of a loaded scene stand on their detectors again."""

import numpy as np
import slicer

import standin
from xray3d import Projection, XRayImage
from xray3d.mrml.frustum import IMAGE_ROLE, show_frustum
from xray3d.mrml.xrays import xray_to_node
from xray3d.volumes.xray_files import SDD_ATTRIBUTE


def test_textures_come_back_with_the_scene(tmp_path):
    standin.make_module("XRayCore")
    slicer.app.startupCompleted.emit()
    view = Projection.from_carm(20, 10, (0, 0, 0), 1020, 700, (8, 6), (2, 2))
    show_frustum(xray_to_node(XRayImage(np.arange(48.0).reshape(8, 6), view), name="view"))
    scene = standin.save_scene(tmp_path / "scene.mrb")
    standin.close_scene()
    standin.load_scene(scene)
    display = slicer.util.getNode("view").GetNodeReference(IMAGE_ROLE).GetDisplayNode()
    assert display.GetTextureImageDataConnection() is not None


def test_the_attribute_is_the_librarys():
    standin.make_module("XRayCore")
    import XRayCore

    assert XRayCore.SDD_ATTRIBUTE == SDD_ATTRIBUTE
