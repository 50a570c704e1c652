"""Points with an uncertainty: their files, colours and bad input."""

import numpy as np
import pytest
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkIOPLY import vtkPLYReader
from vtkmodules.vtkIOXML import vtkXMLPolyDataReader

from xray3d.errors import OutputExistsError, VolumeError
from xray3d.volumes.point_cloud import PointCloud, save_point_cloud

POINTS = np.array([[1.5, -2.0, 30.0], [4.0, 5.0, -6.25], [70.0, 8.0, 9.0]], np.float32)
SIGMA = np.array([0.0, 3.0, 40.0], np.float32)
CLOUD = PointCloud(POINTS, SIGMA, np.array([False, True, False]))


def read(reader, path):
    reader.SetFileName(str(path))
    reader.Update()
    output = reader.GetOutput()
    values = output.GetPointData()
    names = [values.GetArrayName(n) for n in range(values.GetNumberOfArrays())]
    return vtk_to_numpy(output.GetPoints().GetData()), {n: vtk_to_numpy(values.GetArray(n)) for n in names}, output


def test_a_vtp_holds_the_points_in_lps_and_says_so(tmp_path):
    save_point_cloud(CLOUD, tmp_path / "points.vtp")
    points, values, output = read(vtkXMLPolyDataReader(), tmp_path / "points.vtp")
    np.testing.assert_array_equal(points, POINTS * [-1, -1, 1])
    np.testing.assert_array_equal(values["sigma_mm"], SIGMA)
    np.testing.assert_array_equal(values["exit"], [0, 1, 0])
    assert output.GetNumberOfVerts() == 3, "points without vertices are not drawn"
    assert output.GetFieldData().GetAbstractArray("SPACE").GetValue(0) == "LPS"


def test_a_ply_holds_the_points_in_lps_and_says_so(tmp_path):
    save_point_cloud(CLOUD, tmp_path / "points.ply")
    reader = vtkPLYReader()
    points, values, _ = read(reader, tmp_path / "points.ply")
    np.testing.assert_array_equal(points, POINTS * [-1, -1, 1])
    np.testing.assert_array_equal(values["RGB"], CLOUD.colors)
    assert "SPACE=LPS" in reader.GetComments().GetValue(0)


def test_a_ply_holds_uncertainty_and_kind(tmp_path):
    save_point_cloud(CLOUD, tmp_path / "points.ply")
    header, body = (tmp_path / "points.ply").read_bytes().split(b"end_header\n")
    assert b"element vertex 3\n" in header
    properties = [line.split()[1:] for line in header.decode().splitlines() if line.startswith("property")]
    types = {"float": "<f4", "uchar": "u1"}
    vertices = np.frombuffer(body, [(name, types[kind]) for kind, name in properties])
    np.testing.assert_array_equal(vertices["sigma_mm"], SIGMA)
    np.testing.assert_array_equal(vertices["exit"], [0, 1, 0])


def test_colours_go_from_violet_to_yellow():
    assert CLOUD.colors.tolist() == [[68, 1, 84], [33, 145, 140], [253, 231, 37]]


def test_no_file_is_lost(tmp_path):
    path = tmp_path / "points.ply"
    path.write_text("mine")
    with pytest.raises(OutputExistsError, match="points.ply exists already"):
        save_point_cloud(CLOUD, path)
    assert path.read_text() == "mine"
    save_point_cloud(CLOUD, path, overwrite=True)
    assert path.read_bytes().startswith(b"ply\n")


def test_where_it_cannot_be_written_is_said(tmp_path):
    with pytest.raises(VolumeError, match="choose .ply or .vtp"):
        save_point_cloud(CLOUD, tmp_path / "points.stl")
    with pytest.raises(VolumeError, match="cannot be written"):
        save_point_cloud(CLOUD, tmp_path / "no folder" / "points.vtp")


@pytest.mark.parametrize(
    ("points", "sigma", "is_exit", "sentence"),
    [
        (np.empty((0, 3)), np.empty(0), np.empty(0, bool), "has no points"),
        (POINTS[:, :2], SIGMA, CLOUD.is_exit, "three coordinates"),
        (POINTS, SIGMA[1:], CLOUD.is_exit, "three coordinates"),
        (POINTS, SIGMA, CLOUD.is_exit[1:], "three coordinates"),
        (POINTS * np.nan, SIGMA, CLOUD.is_exit, "not finite"),
        (POINTS, np.full(3, np.inf), CLOUD.is_exit, "not finite"),
    ],
)
def test_what_is_no_point_cloud_is_refused(points, sigma, is_exit, sentence):
    with pytest.raises(VolumeError, match=sentence):
        PointCloud(points, sigma, is_exit)
