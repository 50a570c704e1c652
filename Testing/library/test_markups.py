"""Points and boxes that Slicer saved."""

import json
from importlib.util import find_spec

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from xray3d.errors import GeometryError
from xray3d.geometry.markups import holds_roi, load_point_list, load_roi

TURN = Rotation.from_euler("zxy", [30, -20, 10], degrees=True).as_matrix()
TO_LPS = np.diag([-1.0, -1.0, 1.0])


def markups_file(path, system, points):
    controls = [
        {"label": label, "position": list(position), "positionStatus": "defined"} for label, position in points.items()
    ] + [{"label": "not placed", "position": [0, 0, 0], "positionStatus": "undefined"}]
    path.write_text(
        json.dumps({"markups": [{"type": "Fiducial", "coordinateSystem": system, "controlPoints": controls}]})
    )
    return path


@pytest.mark.parametrize("system", ["LPS", "RAS"])
def test_markups_json_is_read_in_its_own_coordinate_system(tmp_path, system):
    stored = (1, 2, 3) if system == "RAS" else (-1, -2, 3)
    points = load_point_list(markups_file(tmp_path / "f.mrk.json", system, {"L3": stored}))
    assert points.names == ("L3",)
    np.testing.assert_allclose(points.points_ras, [[1, 2, 3]])


@pytest.mark.parametrize(("system", "x"), [("0", 1), ("RAS", 1), ("1", -1), ("LPS", -1)])
def test_fcsv_is_read_in_its_own_coordinate_system(tmp_path, system, x):
    path = tmp_path / "f.fcsv"
    path.write_text(
        f"# Markups fiducial file version = 4.11\n# CoordinateSystem = {system}\n"
        "# columns = id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label,desc,associatedNodeID\n"
        f'1,{x},{2 * x},3,0,0,0,1,1,1,0,"L3, left",,\n'
    )
    assert load_point_list(path).names == ("L3, left",)
    np.testing.assert_allclose(load_point_list(path).points_ras, [[1, 2, 3]])


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("f.mrk.json", '{"markups": []}', "no points"),
        ("f.mrk.json", '{"markups": [{"coordinateSystem": "IJK", "controlPoints": []}]}', "coordinate system"),
        ("f.mrk.json", "{", "JSON"),
        ("f.fcsv", "# columns = id,x,y,z,label\n1,2,3,4,a\n", "CoordinateSystem"),
        ("f.fcsv", "# CoordinateSystem = LPS\n# columns = id,x,y,z,label\n1,2,c,4,a\n", "number"),
        ("f.txt", "1 2 3", "mrk.json"),
    ],
)
def test_unusable_markups_are_one_sentence(tmp_path, name, text, sentence):
    (tmp_path / name).write_text(text)
    with pytest.raises(GeometryError, match=sentence):
        load_point_list(tmp_path / name)


def roi_file(path, system="LPS", **changes):
    """A turned box with its middle at (1, -2, 3) RAS."""
    to_system = TO_LPS if system == "LPS" else np.eye(3)
    box = {
        "type": "ROI",
        "coordinateSystem": system,
        "center": (to_system @ [1, -2, 3]).tolist(),
        "orientation": (to_system @ TURN).ravel().tolist(),
        "size": [40, 50, 60],
    }
    path.write_text(json.dumps({"markups": [{"type": "Fiducial"}, {**box, **changes}]}))
    return path


@pytest.mark.parametrize("system", ["LPS", "RAS"])
def test_a_box_is_read_in_its_own_coordinate_system(tmp_path, system):
    path = roi_file(tmp_path / "R.mrk.json", system)
    assert holds_roi(path)
    frame, size_mm = load_roi(path)
    np.testing.assert_allclose(frame[:3, :3], TURN, atol=1e-12)
    np.testing.assert_allclose(frame[:, 3], [1, -2, 3, 1])
    np.testing.assert_allclose(size_mm, [40, 50, 60])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"center": None}, "without a middle"),
        ({"size": [1, 2]}, "without a middle"),
        ({"size": [1, 2, 0]}, "without a middle"),
        ({"orientation": [1] * 9}, "without a middle"),
        ({"coordinateSystem": "IJK"}, "coordinate system"),
        ({"type": "Line"}, "no box"),
    ],
)
def test_unusable_boxes_are_one_sentence(tmp_path, changes, sentence):
    with pytest.raises(GeometryError, match=sentence):
        load_roi(roi_file(tmp_path / "R.mrk.json", **changes))


def test_points_are_no_box(tmp_path):
    assert not holds_roi(markups_file(tmp_path / "f.mrk.json", "LPS", {"L3": (1, 2, 3)}))
    assert not holds_roi(tmp_path / "f.fcsv")


@pytest.mark.skipif(not find_spec("slicer"), reason="slicer-core has no wheel for this Python or system")
@pytest.mark.parametrize("kind", ["mrk.json", "fcsv"])
def test_what_slicer_saves_is_read(tmp_path, kind):
    from xray3d.mrml.standalone import standalone_scene

    with standalone_scene() as own:
        node = own.scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
        node.AddControlPoint(1, -2, 3, 'L3, "left"')
        node.AddControlPoint(4, 5, -6, "L4")
        storage = "vtkMRMLMarkupsJsonStorageNode" if kind == "mrk.json" else "vtkMRMLMarkupsFiducialStorageNode"
        storage_node = own.scene.AddNewNodeByClass(storage)
        storage_node.SetFileName(str(tmp_path / f"points.{kind}"))
        assert storage_node.WriteData(node)
    points = load_point_list(tmp_path / f"points.{kind}")
    np.testing.assert_allclose(points.points_ras, [[1, -2, 3], [4, 5, -6]])
    assert points.names == ('L3, "left"', "L4")


@pytest.mark.skipif(not find_spec("slicer"), reason="slicer-core has no wheel for this Python or system")
def test_a_box_that_slicer_saves_is_read(tmp_path):
    import slicer.util

    from xray3d.mrml.standalone import standalone_scene

    placed = np.eye(4)
    placed[:3, :3], placed[:3, 3] = TURN, (1, -2, 3)
    with standalone_scene() as own:
        node = own.scene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
        node.SetSize(40, 50, 60)
        node.SetAndObserveObjectToNodeMatrix(slicer.util.vtkMatrixFromArray(placed))
        storage_node = own.scene.AddNewNodeByClass("vtkMRMLMarkupsROIJsonStorageNode")
        storage_node.SetFileName(str(tmp_path / "R.mrk.json"))
        assert storage_node.WriteData(node)
    frame, size_mm = load_roi(tmp_path / "R.mrk.json")
    np.testing.assert_allclose(frame, placed, atol=1e-6)
    np.testing.assert_allclose(size_mm, [40, 50, 60])
