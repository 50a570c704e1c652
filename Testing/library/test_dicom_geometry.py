"""DICOM X-ray headers to geometry, from headers made with pydicom."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_files import item, xray
from xray3d.errors import GeometryError
from xray3d.geometry import GivenGeometry, Projection, dicom_geometry, load_geometry, read_dicom_geometry

USUAL = Projection.from_carm(30, 20, (0, 0, 0), 1000, 600, (40, 60), (0.4, 0.3))


def same(one: Projection, other: Projection) -> bool:
    return np.allclose(one.matrix, other.matrix, atol=1e-6) and one.size_px == other.size_px


@given(st.floats(-120, 120), st.floats(-60, 60), st.floats(800, 1400), st.floats(0.4, 0.9), st.floats(0.1, 1))
def test_header_round_trip(primary_deg, secondary_deg, sdd_mm, share, pixel_mm):
    """Header values survive to 5 digits, as decimal strings have them; the same geometry results."""
    numbers = [float(f"{n:.5g}") for n in (primary_deg, secondary_deg, sdd_mm, sdd_mm * share, pixel_mm)]
    header = xray(
        PositionerPrimaryAngle=numbers[0],
        PositionerSecondaryAngle=numbers[1],
        DistanceSourceToDetector=numbers[2],
        DistanceSourceToPatient=numbers[3],
        ImagerPixelSpacing=[numbers[4], numbers[4]],
        PatientOrientation=None,
    )
    with pytest.warns(UserWarning, match="PatientOrientation"):
        projection = dicom_geometry(header).projection
    expected = Projection.from_carm(*numbers[:2], (0, 0, 0), *numbers[2:4], (40, 60), (numbers[4],) * 2)
    assert same(projection, expected)


@pytest.mark.parametrize("modality", ["XA", "RF", "DX", "CR"])
def test_file_of_every_modality_reads_as_the_same_geometry(tmp_path, modality):
    xray(modality).save_as(tmp_path / "view.dcm")
    assert same(read_dicom_geometry(tmp_path / "view.dcm").projection, USUAL)
    assert same(load_geometry(tmp_path / "view.dcm"), USUAL)


@pytest.mark.parametrize(
    "fields",
    [
        {"DistanceSourceToPatient": None, "EstimatedRadiographicMagnificationFactor": 1000 / 600},
        {"DistanceSourceToDetector": None, "EstimatedRadiographicMagnificationFactor": 1000 / 600},
        {"DistanceSourceToPatient": 0, "EstimatedRadiographicMagnificationFactor": 1000 / 600},  # 0 means unknown
        {"DistanceSourceToPatient": None, "DistanceSourceToIsocenter": 600},
        {"ImagerPixelSpacing": None, "DetectorElementSpacing": [0.4, 0.3]},
        {"ImagerPixelSpacing": None, "DetectorElementSpacing": [0.2, 0.1], "DetectorBinning": [2, 3]},
        {"PixelSpacing": [0.24, 0.18]},  # at the patient; the imager's counts
        {"ImagerPixelSpacing": None, "PixelSpacing": [0.24, 0.18], "PixelSpacingCalibrationType": "GEOMETRY"},
    ],
)
def test_distances_and_spacing_from_whichever_field_has_them(fields):
    assert same(dicom_geometry(xray(**fields)).projection, USUAL)


def test_enhanced_xa_takes_each_frame_from_its_functional_groups():
    header = xray(pixels=np.zeros((2, 40, 60), np.uint16), **dict.fromkeys(
        ("PositionerPrimaryAngle", "PositionerSecondaryAngle", "DistanceSourceToDetector", "DistanceSourceToPatient",
         "ImagerPixelSpacing", "PatientOrientation"),
    ))  # fmt: skip
    header.SharedFunctionalGroupsSequence = [
        item(
            FramePixelDataPropertiesSequence=[item(ImagerPixelSpacing=[0.4, 0.3])],
            PatientOrientationInFrameSequence=[item(PatientOrientation=["L", "F"])],
        )
    ]
    header.PerFrameFunctionalGroupsSequence = [
        item(
            PositionerPositionSequence=[item(PositionerPrimaryAngle=angle, PositionerSecondaryAngle=20)],
            XRayGeometrySequence=[item(DistanceSourceToDetector=1000, DistanceSourceToIsocenter=600)],
        )
        for angle in (-45, 30)
    ]
    assert same(dicom_geometry(header, frame=1).projection, USUAL)
    assert dicom_geometry(header, frame=0).projection.viewing_direction_ras[0] > 0.5  # RAO: receptor to the right
    with pytest.raises(GeometryError, match="no frame 2"):
        dicom_geometry(header, frame=2)


@pytest.mark.parametrize(("increment", "frame"), [([0, 10, 25], 2), (12.5, 2)])
def test_rotational_run_adds_the_increment_of_the_frame(increment, frame):
    header = xray(
        pixels=np.zeros((3, 40, 60), np.uint16), PositionerPrimaryAngle=5, PositionerPrimaryAngleIncrement=increment
    )
    assert same(dicom_geometry(header, frame).projection, USUAL)


def test_increments_for_another_number_of_frames_are_refused():
    header = xray(pixels=np.zeros((3, 40, 60), np.uint16), PositionerPrimaryAngleIncrement=[0, 1])
    with pytest.raises(GeometryError, match="PositionerPrimaryAngleIncrement has 2 values for 3 frames"):
        dicom_geometry(header)


@pytest.mark.parametrize(
    ("view", "orientation", "receptor_towards"),
    [
        ("PA", ["L", "F"], (0, 1, 0)),
        ("AP", ["L", "F"], (0, -1, 0)),
        ("LL", ["P", "F"], (-1, 0, 0)),
        ("RL", ["A", "F"], (1, 0, 0)),
    ],
)
@pytest.mark.parametrize("modality", ["DX", "CR"])
def test_radiograph_takes_its_view_position(modality, view, orientation, receptor_towards):
    header = xray(
        modality, PositionerPrimaryAngle=None, PositionerSecondaryAngle=None,
        ViewPosition=view, PatientOrientation=orientation,
    )  # fmt: skip
    projection = dicom_geometry(header).projection
    np.testing.assert_allclose(projection.viewing_direction_ras, receptor_towards, atol=1e-12)


POINT = np.array([17.0, -8, 11])
AXES_RAS = {"L": (-1, 0, 0), "R": (1, 0, 0), "A": (0, 1, 0), "P": (0, -1, 0), "H": (0, 0, 1), "F": (0, 0, -1)}


@pytest.mark.parametrize("primary_deg", [0, 180, 20, -25, 90, -90])
@pytest.mark.parametrize("flips", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("transposed", [False, True])
def test_turned_pixels_agree_with_the_projection(primary_deg, flips, transposed):
    """A bright pixel at a point of the patient, stored under any orientation, ends where the projection has it."""
    seen = Projection.from_carm(primary_deg, 0, (0, 0, 0), 1000, 600, (80, 60), (1.4, 1.3))
    column, row = np.rint(seen.project(POINT)).astype(int)
    stored = np.zeros((80, 60), np.uint16)
    stored[row, column] = 1
    directions = [nearest_letter(seen.extrinsic[0, :3]), nearest_letter(seen.extrinsic[1, :3])]
    spacing = [1.4, 1.3]
    for axis, flip in enumerate(flips):  # axis 0: rows, whose increase is the second direction
        if flip:
            stored = np.flip(stored, axis)
            directions[1 - axis] = opposite(directions[1 - axis])
    if transposed:
        stored, directions, spacing = stored.T, directions[::-1], spacing[::-1]
    header = xray(
        pixels=np.ascontiguousarray(stored), PatientOrientation=directions, ImagerPixelSpacing=spacing,
        PositionerPrimaryAngle=primary_deg, PositionerSecondaryAngle=0,
    )  # fmt: skip
    geometry = dicom_geometry(header)
    assert same(geometry.projection, seen)
    turned = geometry.reorientation.apply(stored)
    assert np.argwhere(turned).tolist() == [[row, column]]


def nearest_letter(direction: np.ndarray) -> str:
    return max(AXES_RAS, key=lambda letter: np.dot(AXES_RAS[letter], direction))


def opposite(letter: str) -> str:
    return {"L": "R", "R": "L", "A": "P", "P": "A", "H": "F", "F": "H"}[letter]


def test_without_orientation_the_patient_faces_the_viewer():
    """The usual frontal picture has the patient's left on its right: mirrored from a source behind, not in front."""
    behind = xray(PositionerPrimaryAngle=0, PositionerSecondaryAngle=0, PatientOrientation=None)
    in_front = xray("DX", PositionerPrimaryAngle=None, ViewPosition="AP", PatientOrientation=None)
    with pytest.warns(UserWarning, match="PatientOrientation"):
        assert dicom_geometry(behind).reorientation.flip_columns
    with pytest.warns(UserWarning, match="PatientOrientation"):
        assert not dicom_geometry(in_front).reorientation.flip_columns


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"DistanceSourceToDetector": None}, r"DistanceSourceToDetector \(0018,1110\); .*sdd_mm"),
        ({"DistanceSourceToPatient": None}, r"DistanceSourceToPatient \(0018,1111\).*sod_mm"),
        ({"DistanceSourceToDetector": None, "DistanceSourceToPatient": None}, "sdd_mm"),
        ({"DistanceSourceToPatient": 1200}, "not between source and detector"),
        ({"PositionerPrimaryAngle": None}, r"PositionerPrimaryAngle \(0018,1510\).*primary_deg"),
        ({"PositionerPrimaryAngle": None, "ViewPosition": "LLO"}, "primary_deg"),
        ({"ImagerPixelSpacing": None}, r"ImagerPixelSpacing \(0018,1164\).*pixel_mm"),
        ({"ImagerPixelSpacing": None, "PixelSpacing": [0.2, 0.2]}, r"PixelSpacing \(0028,0030\) alone"),
        ({"ImagerPixelSpacing": [0, 0.3]}, r"ImagerPixelSpacing \(0018,1164\) must be two positive"),
        ({"PatientOrientation": ["L", "X"]}, "'X'"),
        ({"PatientOrientation": ["A", "A"]}, r"\(0020,0020\) A, A does not fit"),
        ({"PatientOrientation": ["L", "F"], "PositionerPrimaryAngle": 90}, "does not fit the positioner"),
        ({"PatientOrientation": "L"}, "not two directions"),
        ({"Modality": "MR"}, "Modality MR"),
        ({"Modality": "CR", "PositionerPrimaryAngle": None, "ViewPosition": "LL", "PatientOrientation": None},
         "patient_orientation"),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_named_with_what_to_do(fields, says):
    with pytest.raises(GeometryError, match=rf"view\.dcm.*{says}"):
        dicom_geometry(xray(**fields), name="view.dcm")


def test_given_values_stand_in_for_missing_fields():
    header = xray(**dict.fromkeys(
        ("PositionerPrimaryAngle", "PositionerSecondaryAngle", "DistanceSourceToDetector", "DistanceSourceToPatient",
         "ImagerPixelSpacing", "PatientOrientation"),
    ))  # fmt: skip
    known = GivenGeometry(1000, 600, 30, 20, (0.4, 0.3), ("L", "F"))
    assert same(dicom_geometry(header, given=known).projection, USUAL)
    moved = dicom_geometry(header, given=GivenGeometry(1000, 600, 30, 20, (0.4, 0.3), ("L", "F"), (1, 2, 3))).projection
    np.testing.assert_allclose(moved.source_ras - USUAL.source_ras, [1, 2, 3], atol=1e-9)
