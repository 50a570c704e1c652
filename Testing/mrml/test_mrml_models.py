"""Implants from model nodes, and surfaces as new ones."""

import numpy as np
import pytest
import slicer
from vtkmodules.vtkFiltersSources import vtkCubeSource, vtkSphereSource

from mrml_support import rigid, under, warped
from xray3d.datasets.screws import pedicle_screw
from xray3d.errors import GeometryError, MeshError
from xray3d.mrml.models import add_surface, implant_from_node


def volume_mm3(implant):
    corners = implant.vertices_ras[implant.triangles]
    return np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6


def model_of(source):
    source.Update()
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", "thing")
    node.SetAndObservePolyData(source.GetOutput())
    return node


def cube():
    source = vtkCubeSource()
    source.SetXLength(10)
    source.SetYLength(20)
    source.SetZLength(30)
    return source


def test_a_screw_comes_back_as_it_went(scene):
    vertices, triangles = pedicle_screw(6.5, 45)
    node = add_surface(vertices, triangles, "screw")
    implant = implant_from_node(node)
    assert implant.name == "screw"
    sent, got = vertices[triangles].mean(axis=(0, 1)), implant.vertices_ras[implant.triangles].mean(axis=(0, 1))
    np.testing.assert_allclose(got, sent, atol=1e-4)
    assert len(implant.triangles) == len(triangles)


def test_transforms_are_applied_and_polygons_cut(scene):
    node = model_of(cube())
    under(node, rigid((0, 0, 90), (100, 0, 0)), np.diag([1.0, 1.0, -2.0, 1.0]))
    implant = implant_from_node(node)
    np.testing.assert_allclose(implant.vertices_ras.min(axis=0), [90, -5, -30], atol=1e-5)
    np.testing.assert_allclose(implant.vertices_ras.max(axis=0), [110, 5, 30], atol=1e-5)
    assert volume_mm3(implant) == pytest.approx(2 * 6000), "outside out, although the transform mirrors"


def open_sphere():
    source = vtkSphereSource()
    source.SetRadius(20)
    source.SetEndPhi(120)
    return model_of(source)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: None, "No implant is chosen"),
        (lambda: slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT"), "CT is no model but a Volume"),
        (lambda: slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", "void"), "void has no surface"),
        (open_sphere, "thing is not closed"),
    ],
)
def test_what_is_no_implant_is_refused(scene, make, sentence):
    with pytest.raises(MeshError, match=sentence):
        implant_from_node(make())


def test_an_implant_under_a_warp_is_refused(scene):
    node = model_of(cube())
    warped(node)
    with pytest.raises(GeometryError, match="thing is under a transform that is not linear"):
        implant_from_node(node)
