"""Pictures of scenes: what they show is where it belongs."""

import os
from pathlib import Path

import numpy as np
import pytest
from vtkmodules.vtkFiltersSources import vtkSphereSource

from mrml_support import view
from xray3d import CTVolume, DRRRenderer, XRayImage
from xray3d.demo.pictures import save_png
from xray3d.drr import Implant
from xray3d.drr.exposure import expose
from xray3d.errors import DeviceError
from xray3d.mrml import offscreen
from xray3d.mrml.bone import add_bone_surface
from xray3d.mrml.frustum import show_frustum
from xray3d.mrml.models import add_surface, show_polydata
from xray3d.mrml.offscreen import picture_3d, picture_slice
from xray3d.mrml.polydata import arrays
from xray3d.mrml.rays import show_rays
from xray3d.mrml.volumes import ct_to_node
from xray3d.mrml.xrays import xray_to_node

# The right upper corner at the back of the block of bone.
LANDMARK = np.array([19.0, -19.0, 19.0])


@pytest.fixture
def drawing():
    try:
        offscreen.require_drawing()
    except DeviceError as reason:
        pytest.skip(str(reason))


def keep(picture, name):
    """Where XRAY3D_PICTURES names a folder, pictures are left there to be looked at."""
    if "XRAY3D_PICTURES" in os.environ:
        save_png(picture, Path(os.environ["XRAY3D_PICTURES"]) / name)


def ball(center_ras, radius_mm):
    source = vtkSphereSource()
    source.SetRadius(radius_mm)
    source.SetCenter(*center_ras)
    source.SetThetaResolution(32)
    source.SetPhiResolution(24)
    source.Update()
    return source.GetOutput()


def box_phantom():
    """A block of bone in a block of water, 2 mm voxels."""
    hu = np.full((60, 60, 60), -1000, np.float32)
    hu[8:52, 8:52, 8:52] = 0
    hu[20:40, 20:40, 20:40] = 900
    to_ras = np.diag([2.0, 2.0, 2.0, 1.0])
    to_ras[:3, 3] = -59
    return CTVolume(hu, to_ras, "block")


def test_rays_through_a_landmark_meet_what_the_xrays_show(own, drawing):
    ct = box_phantom()
    marker = Implant(*arrays(ball(LANDMARK, 3.0)), name="marker")
    renderer = DRRRenderer(ct)
    ct_node = ct_to_node(ct, "CT")
    add_bone_surface(ct_node)
    ends = []
    for name, primary_deg in (("AP", 0), ("lateral", 90)):
        projection = view(primary_deg, 10, (200, 200), (1.0, 1.0))
        exposure = expose(renderer, projection, implants=[marker])
        node = xray_to_node(XRayImage(exposure.pixels, projection), name=name)
        show_frustum(node)
        rays = show_rays(node, [LANDMARK])
        # Where the picture shows the marker, found in the picture alone, and put on the detector by the node alone.
        row, column = np.argwhere(exposure.metal_mask).mean(axis=0)
        seen = (projection.image_to_ras @ [column, row, 0, 1])[:3]
        points = np.array([rays.GetPolyData().GetPoint(i) for i in range(rays.GetPolyData().GetNumberOfPoints())])
        along = (points - seen) @ (seen - projection.source_ras)
        at_detector = points[along > along.max() - 1].mean(axis=0)
        ends.append((projection.source_ras, seen))
        assert np.linalg.norm(at_detector - seen) < 0.5
    # The two lines from the sources to the marker's images meet at the marker.
    normals = [np.eye(3) - np.outer(d, d) for d in ((e - s) / np.linalg.norm(e - s) for s, e in ends)]
    meeting = np.linalg.solve(sum(normals), sum(n @ s for n, (s, _) in zip(normals, ends, strict=True)))
    assert np.linalg.norm(meeting - LANDMARK) < 0.3
    model = show_polydata(ball(LANDMARK, 5.0), "landmark", color=(0.2, 0.9, 0.3))
    keep(picture_3d(own, (1.0, -0.9, 0.5)), "landmark_rays.png")
    close = picture_3d(own, (1.0, -1.0, 1.0), (300, 300), LANDMARK, 60.0)
    keep(close, "landmark_close.png")
    model.GetDisplayNode().SetVisibility(False)
    assert is_green(close[150, 150])
    assert not is_green(picture_3d(own, (1.0, -1.0, 1.0), (300, 300), LANDMARK, 60.0)[150, 150])


def is_green(pixel):
    red, green, blue = pixel.astype(int)
    return green > 1.5 * max(red, blue)


def test_an_xray_seen_from_its_source_is_the_image(own, drawing):
    """From where the source is, with the detector filling the view, the 3D view shows what the image holds."""
    projection = view(0, 0, (100, 100), (2.0, 2.0))
    pixels = np.zeros((100, 100), np.float32)
    pixels[:50, :50], pixels[:50, 50:], pixels[50:, :50], pixels[50:, 50:] = 1, 2, 3, 4
    node = xray_to_node(XRayImage(pixels, projection))
    node.GetDisplayNode().AutoWindowLevelOff()
    node.GetDisplayNode().SetWindowLevel(5, 2.5)
    image, frustum = show_frustum(node)
    frustum.GetDisplayNode().SetVisibility(False)
    detector = projection.unproject([[49.5, 49.5]], [projection.sdd_mm])[0]
    picture = picture_3d(own, -projection.viewing_direction_ras, (200, 200), detector, 200.0)
    keep(picture, "quadrants.png")
    halves = slice(20, 80), slice(120, 180)
    shown = [picture[rows, columns].mean() for rows in halves for columns in halves]
    np.testing.assert_allclose(shown, [51, 102, 153, 204], atol=3)
    assert image.GetDisplayNode().GetVisibility()


def test_slices_show_the_ct_and_cut_models(own, drawing):
    ct = box_phantom()
    node = ct_to_node(ct, "CT")
    node.GetDisplayNode().AutoWindowLevelOff()
    node.GetDisplayNode().SetWindowLevel(2000, 0)
    nodes = own.scene.GetNumberOfNodes()
    plain = picture_slice(own, node, "Axial", (0, 0, 0), (240, 240), 120.0)
    assert own.scene.GetNumberOfNodes() == nodes
    grey = plain[..., 0]
    assert grey[120, 120] == pytest.approx(0.95 * 255, abs=2)
    assert grey[120, 50] == pytest.approx(0.5 * 255, abs=2)
    assert grey[120, 10] <= 40
    # The ball is at the patient's right front: to the left of the picture and up.
    model = add_surface(*arrays(ball((12, 14, 0), 8)), "ball", (1.0, 0.2, 0.1))
    model.GetDisplayNode().SetVisibility2D(True)
    cut = picture_slice(own, node, "Axial", (0, 0, 0), (240, 240), 120.0)
    keep(cut, "axial.png")
    rows, columns = np.nonzero((cut != plain).any(axis=-1))
    assert abs(rows.mean() - (120 - 2 * 14)) < 2
    assert abs(columns.mean() - (120 - 2 * 12)) < 2


def test_where_nothing_can_draw_it_is_said(own, monkeypatch):
    monkeypatch.setattr(offscreen, "_can_draw", lambda: False)
    with pytest.raises(DeviceError, match="OpenGL that works without a display"):
        picture_3d(own, (1, 0, 0))
