"""Geometry files: JSON, P-matrix and DICOM header say the same, and what is wrong with one is said by name."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xray3d.errors import GeometryError, OutputExistsError
from xray3d.geometry import Projection, load_geometry, projection_from_matrix, save_geometry, save_p_matrix
from xray3d.geometry.poses import se3_exp

SIZE_PX, PIXEL_MM = (120, 160), (0.8, 0.9)


@pytest.fixture
def projection() -> Projection:
    return Projection.from_carm(25, -12, (10, 20, -30), 1000, 640, SIZE_PX, PIXEL_MM)


@st.composite
def calibrated(draw) -> Projection:
    """A camera as calibration finds it: any pose, principal point off centre, a little skew and aspect error."""
    twist = draw(st.tuples(*[st.floats(-300, 300)] * 3, *[st.floats(-1.5, 1.5)] * 3))
    fx = draw(st.floats(500, 3000))
    fy = fx * 0.9 / 0.8 * draw(st.floats(0.99, 1.01))
    cx, cy = draw(st.floats(-50, 200)), draw(st.floats(-50, 200))
    intrinsic = np.array([[fx, draw(st.floats(-5, 5)), cx], [0, fy, cy], [0, 0, 1]])
    return Projection(intrinsic, se3_exp(twist), SIZE_PX, PIXEL_MM)


@given(calibrated(), st.floats(-6, 6), st.sampled_from([-1, 1]))
def test_any_scale_and_sign_of_a_p_matrix_is_the_same_camera(projection, exponent, sign):
    back = projection_from_matrix(sign * 10.0**exponent * projection.matrix, SIZE_PX, PIXEL_MM)
    np.testing.assert_allclose(back.intrinsic, projection.intrinsic, rtol=1e-7, atol=1e-5)
    np.testing.assert_allclose(back.extrinsic, projection.extrinsic, rtol=1e-6, atol=1e-5)
    assert back.sdd_mm == pytest.approx(projection.sdd_mm)


def test_mirrored_image_is_refused_when_a_visible_point_is_known(projection):
    isocenter = (10, 20, -30)
    assert np.allclose(
        projection_from_matrix(-projection.matrix, SIZE_PX, PIXEL_MM, visible_ras=isocenter).matrix, projection.matrix
    )
    mirrored = np.array([[-1, 0, 159], [0, 1, 0], [0, 0, 1]]) @ projection.matrix
    with pytest.raises(GeometryError, match="mirrored"):
        projection_from_matrix(mirrored, SIZE_PX, PIXEL_MM, visible_ras=isocenter)


@pytest.mark.parametrize(
    ("matrix", "names"),
    [
        (np.eye(3), "3×4"),
        (np.full((3, 4), np.nan), "3×4"),
        (np.zeros((3, 4)), "no source"),
        (np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1.0]]), "no source"),  # parallel rays
        (np.array([[1, 0, 0, 0], [1, 0, 0, 5], [0, 0, 1, 1.0]]), "no source"),
    ],
)
def test_matrix_of_no_camera_is_refused(matrix, names):
    with pytest.raises(GeometryError, match=names):
        projection_from_matrix(matrix, SIZE_PX, PIXEL_MM)


def test_pixels_of_another_shape_than_the_matrix_are_refused(projection):
    with pytest.raises(GeometryError, match="pixel_mm"):
        projection_from_matrix(projection.matrix, SIZE_PX, (0.9, 0.8))


@given(st.floats(-180, 180), st.floats(-80, 80))
def test_json_keeps_every_digit(tmp_path_factory, primary_deg, secondary_deg):
    projection = Projection.from_carm(primary_deg, secondary_deg, (1 / 3, 2, 3), 1000, 640, SIZE_PX, PIXEL_MM)
    path = tmp_path_factory.mktemp("json") / "view.json"
    save_geometry(projection, path)
    back = load_geometry(path)
    assert np.array_equal(back.matrix, projection.matrix)
    assert (back.size_px, back.pixel_mm) == (SIZE_PX, PIXEL_MM)


def test_json_alone_projects_a_point_without_this_library(projection, tmp_path):
    save_geometry(projection, tmp_path / "view.json")
    fields = json.loads((tmp_path / "view.json").read_text())
    assert set(fields) == {
        "intrinsic", "extrinsic_ras_to_camera", "size_px", "pixel_spacing_mm", "source_to_detector_mm",
    }  # fmt: skip
    camera = np.array(fields["extrinsic_ras_to_camera"]) @ [30, 40, -50, 1]
    column, row, depth = np.array(fields["intrinsic"]) @ camera[:3]
    np.testing.assert_allclose([column / depth, row / depth], projection.project([30, 40, -50]), atol=1e-9)
    assert (fields["size_px"], fields["source_to_detector_mm"]) == ([120, 160], pytest.approx(1000))


@pytest.mark.parametrize("name", ["p.txt", "p.csv", "p.dat"])
def test_p_matrix_text_says_all_by_itself(projection, tmp_path, name):
    save_p_matrix(projection, tmp_path / name)
    back = load_geometry(tmp_path / name)
    np.testing.assert_allclose(back.matrix, projection.matrix, rtol=1e-9, atol=1e-7)
    assert (back.size_px, back.pixel_mm) == (SIZE_PX, PIXEL_MM)


@pytest.mark.parametrize("delimiter", [" ", ", ", "\t", ";"])
def test_p_matrix_from_elsewhere_takes_size_and_spacing_from_the_caller(projection, tmp_path, delimiter):
    path = tmp_path / "p.txt"
    np.savetxt(path, -2 * projection.matrix, delimiter=delimiter)
    back = load_geometry(path, size_px=SIZE_PX, pixel_mm=PIXEL_MM)
    np.testing.assert_allclose(back.matrix, projection.matrix, rtol=1e-9, atol=1e-7)
    with pytest.raises(GeometryError, match=r"p\.txt does not say the image's size_px"):
        load_geometry(path, pixel_mm=PIXEL_MM)
    with pytest.raises(GeometryError, match=r"p\.txt does not say the image's pixel_mm"):
        load_geometry(path, size_px=SIZE_PX)


def test_p_matrix_as_npy(projection, tmp_path):
    save_p_matrix(projection, tmp_path / "p.npy")
    back = load_geometry(tmp_path / "p.npy", size_px=SIZE_PX, pixel_mm=PIXEL_MM)
    np.testing.assert_allclose(back.matrix, projection.matrix, rtol=1e-9, atol=1e-7)


def test_existing_files_are_kept_unless_asked(projection, tmp_path):
    for save, name in ((save_geometry, "view.json"), (save_p_matrix, "p.txt"), (save_p_matrix, "p.npy")):
        path = tmp_path / name
        path.write_text("mine")
        with pytest.raises(OutputExistsError, match=name):
            save(projection, path)
        assert path.read_text() == "mine"
        save(projection, path, overwrite=True)
        assert load_geometry(path, size_px=SIZE_PX, pixel_mm=PIXEL_MM).size_px == SIZE_PX


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"intrinsic": None}, "intrinsic"),
        ({"intrinsic": [[1, 0], [0, 1]]}, "intrinsic must be 3×3"),
        ({"extrinsic_ras_to_camera": np.diag([1, 1, -1, 1]).tolist()}, "extrinsic"),
        ({"size_px": [10]}, "size_px"),
        ({"size_px": "large"}, "size_px"),
        ({"pixel_spacing_mm": [0, 1]}, "pixel_mm"),
        ({"source_to_detector_mm": 900}, "source_to_detector_mm"),
    ],
)
def test_wrong_json_field_is_named(projection, tmp_path, change, names):
    path = tmp_path / "view.json"
    save_geometry(projection, path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(GeometryError, match=rf"view\.json.*{names}"):
        load_geometry(path)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.json", "{", "not readable JSON"),
        ("a.json", "[]", "one JSON object"),
        ("a.json", "{}", "no field intrinsic"),
        ("a.json", "", "empty file"),
        ("a.txt", "1 2 3 4\n5 6 7 8\n", "8 numbers"),
        ("a.txt", "1 2 3 4\n5 6 7\n", "not a text of 3×4"),
        ("a.txt", "one two\n", "not a text of 3×4"),
        ("a.npy", "one", "not a readable .npy"),
        ("a.dcm", "no header", "not DICOM"),
    ],
)
def test_unreadable_geometry_file_is_named(tmp_path, name, content, says):
    (tmp_path / name).write_text(content)
    with pytest.raises(GeometryError, match=rf"{name}.*{says}"):
        load_geometry(tmp_path / name, size_px=SIZE_PX, pixel_mm=PIXEL_MM)


def test_missing_geometry_file_is_named(tmp_path):
    with pytest.raises(GeometryError, match=r"nowhere\.json does not exist"):
        load_geometry(tmp_path / "nowhere.json")
