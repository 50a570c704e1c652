"""Where a vertebra is, from files."""

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from xray3d import Projection
from xray3d.errors import GeometryError
from xray3d.reconstruction.grid import GRID_MM, GRID_SIZE_IJK, grid_about
from xray3d.reconstruction.region import frame_of
from xray3d.reconstruction.region_files import load_region

MIDDLE = np.array([5.0, -20.0, 33.0])
VIEWS = [
    Projection.from_carm(angle, tilt, (0, 0, 0), 1020, 700, (256, 300), (1.2, 1.1))
    for angle, tilt in ((0, 5), (88, 0), (40, -10))
]
TURN = Rotation.from_euler("xz", [12, -8], degrees=True).as_matrix()


def write(path, content):
    path.write_text(json.dumps(content))
    return path


def markups(path, **markup):
    return write(path, {"markups": [{"coordinateSystem": "RAS", **markup}]})


@pytest.mark.parametrize(
    "fields",
    [
        {"middle_ras": MIDDLE.tolist()},
        {"frame_to_ras": frame_of(MIDDLE).tolist()},
        {"middle_px": [*(view.project(MIDDLE).tolist() for view in VIEWS[:2]), None]},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_the_middle_is_given_in_many_ways(tmp_path, fields):
    np.testing.assert_allclose(load_region(write(tmp_path / "roi.json", fields), VIEWS), frame_of(MIDDLE), atol=1e-6)


def test_a_point_of_slicer_is_the_middle(tmp_path):
    point = {"label": "L3", "position": MIDDLE.tolist()}
    path = markups(tmp_path / "F.mrk.json", type="Fiducial", controlPoints=[point])
    np.testing.assert_allclose(load_region(path, VIEWS), frame_of(MIDDLE))
    markups(tmp_path / "F.mrk.json", type="Fiducial", controlPoints=[point, point])
    with pytest.raises(GeometryError, match="has 2 points; leave the middle of one"):
        load_region(path, VIEWS)


def test_marks_of_slicer_on_two_x_rays_show_the_middle(tmp_path):
    """On the detectors; other X-rays may not show it."""
    marks = [view.unproject(view.project(MIDDLE), view.sdd_mm).tolist() for view in VIEWS[:2]]
    controls = [{"label": "L3", "position": mark} for mark in marks]
    path = markups(tmp_path / "F.mrk.json", type="Fiducial", controlPoints=controls)
    np.testing.assert_allclose(load_region(path, VIEWS), frame_of(MIDDLE), atol=1e-6)
    with pytest.raises(GeometryError, match=r"F\.mrk\.json marks L3 on one of the chosen X-rays only"):
        load_region(path, VIEWS[1:2])


def test_a_box_of_slicer_is_about_the_whole_vertebra_and_turned_with_it(tmp_path):
    path = markups(
        tmp_path / "R.mrk.json",
        type="ROI",
        center=MIDDLE.tolist(),
        size=[90, 90, 60],
        orientation=TURN.ravel().tolist(),
    )
    frame = load_region(path, VIEWS)
    np.testing.assert_allclose(frame[:3, :3], TURN, atol=1e-9)
    middle_of_grid = grid_about(frame) @ [*((np.array(GRID_SIZE_IJK) - 1) / 2), 1]
    np.testing.assert_allclose(middle_of_grid[:3], MIDDLE, atol=1e-9)


def test_a_box_in_json_is_that_of_python(tmp_path):
    box = [(MIDDLE - 40).tolist(), (MIDDLE + 40).tolist()]
    np.testing.assert_array_equal(load_region(write(tmp_path / "roi.json", {"box_ras": box}), VIEWS), frame_of(box))
    assert np.linalg.norm(frame_of(box)[:3, 3] - MIDDLE) < max(GRID_SIZE_IJK) * GRID_MM / 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({}, "must hold one of the fields middle_ras, box_ras, frame_to_ras and middle_px"),
        ([1, 2, 3], "must hold one of the fields"),
        ({"middle_ras": [0, 0, 0], "box_ras": []}, "must hold one of the fields"),
        ({"middle_ras": ["a", 0, 0]}, r"roi\.json: roi must be the middle"),
        ({"middle_px": [[1, 2]]}, "a pixel, or null, for each of 3 X-rays"),
        ({"middle_px": 7}, "a pixel, or null, for each of 3 X-rays"),
        ({"middle_px": [[1, 2], [1, "b"], None]}, "Each pixel must be"),
        ({"middle_px": [[1, 2], None, None]}, "Two X-rays must show"),
        ({"middle_px": [[140, 120], [150, 20], None]}, "miss each other by"),
    ],
)
def test_what_says_no_place_is_one_sentence(tmp_path, content, sentence):
    with pytest.raises(GeometryError, match=sentence):
        load_region(write(tmp_path / "roi.json", content), VIEWS)
