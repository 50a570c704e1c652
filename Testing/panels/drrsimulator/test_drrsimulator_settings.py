"""Settings of a view: what they are called, and that every geometry has them."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import standin
from xray3d import Projection
from xray3d.drr.physics.materials import METALS
from xray3d.drr.physics.presets import PRESETS
from xray3d.errors import GeometryError

degrees = st.floats(-180, 180)


@pytest.fixture(autouse=True, scope="module")
def _module():
    """DRRSimulatorLib is found beside the module, once Slicer has loaded that."""
    standin.make_module("DRRSimulator")


def some_settings(**changes):
    from DRRSimulatorLib.viewsettings import ViewSettings

    return replace(ViewSettings(rows=300, columns=200, pixelRowMm=0.5, pixelColumnMm=0.8), **changes)


def test_the_panels_choices_are_the_librarys():
    from DRRSimulatorLib.viewsettings import METAL_CHOICES, PHYSICS_CHOICES

    assert PHYSICS_CHOICES[1:] == tuple(PRESETS)
    assert tuple(METALS) == METAL_CHOICES


def test_plain_settings_are_a_c_arms():
    from DRRSimulatorLib.pose import projectionOf, sameGeometry

    mine = projectionOf(some_settings(primaryDeg=30, secondaryDeg=-20, isocenterR=5, isocenterS=-7))
    carm = Projection.from_carm(30, -20, (5, 0, -7), 1020, 700, (300, 200), (0.5, 0.8))
    assert sameGeometry(mine, carm)
    assert not sameGeometry(mine, Projection.from_carm(30.01, -20, (5, 0, -7), 1020, 700, (300, 200), (0.5, 0.8)))


def test_a_turned_detector_turns_the_image_about_the_normal_ray():
    from DRRSimulatorLib.pose import projectionOf

    straight, turned = projectionOf(some_settings()), projectionOf(some_settings(rollDeg=90))
    right = straight.extrinsic[0, :3]
    # A quarter turn clockwise brings the detector's rows to where its columns ran: its right is what was down.
    np.testing.assert_allclose(turned.extrinsic[0, :3], straight.extrinsic[1, :3], atol=1e-12)
    np.testing.assert_allclose(turned.extrinsic[1, :3], -right, atol=1e-12)
    np.testing.assert_allclose(turned.source_ras, straight.source_ras, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(degrees, st.floats(-89, 89), degrees, st.floats(-40, 40), st.floats(-40, 40), st.floats(0.3, 0.8))
def test_any_geometry_has_its_settings(primary, secondary, roll, across, down, share):
    from DRRSimulatorLib.pose import projectionOf, sameGeometry, settingsOf

    given_settings = some_settings(
        primaryDeg=primary,
        secondaryDeg=secondary,
        rollDeg=roll,
        offsetColumnMm=across,
        offsetRowMm=down,
        sodMm=1020 * share,
        isocenterA=33.0,
    )
    projection = projectionOf(given_settings)
    found = settingsOf(projection, some_settings(seed=4), given_settings.isocenterRas)
    assert sameGeometry(projectionOf(found), projection)
    np.testing.assert_allclose(found.isocenterRas, given_settings.isocenterRas, atol=1e-5)
    assert found.sodMm == pytest.approx(given_settings.sodMm)
    assert found.seed == 4


def test_a_sheared_detector_has_no_settings():
    from DRRSimulatorLib.pose import projectionOf, settingsOf

    projection = projectionOf(some_settings())
    intrinsic = projection.intrinsic.copy()
    intrinsic[0, 1] = 100.0
    with pytest.raises(GeometryError, match="right angles"):
        settingsOf(replace(projection, intrinsic=intrinsic), some_settings(), (0, 0, 0))


def test_a_geometry_beyond_the_panels_range_says_which_number():
    from DRRSimulatorLib.pose import settingsOf

    huge = Projection.from_carm(0, 0, (0, 0, 0), 1020, 700, (5000, 200), (0.5, 0.8))
    with pytest.raises(GeometryError, match="rows = 5000"):
        settingsOf(huge, some_settings(), (0, 0, 0))


@pytest.mark.parametrize(
    ("primary", "secondary", "words"),
    [
        (0, 0, "AP (0°, 0°)"),
        (20, -10, "LAO 20°, CAU 10°"),
        (-35.5, 12, "RAO 35.5°, CRA 12°"),
        (90, 0, "LAO 90° (lateral)"),
        (180, 0, "LAO 180° (PA)"),
        (0, 25, "CRA 25°"),
    ],
)
def test_directions_in_words(primary, secondary, words):
    from DRRSimulatorLib.words import directionInWords

    assert directionInWords(primary, secondary) == words


@pytest.mark.parametrize("primary", [0, 60, -60, 90, 135, 180])
def test_the_words_say_where_the_detector_is(primary):
    from DRRSimulatorLib.words import detectorInWords

    projection = Projection.from_carm(primary, 0, (0, 0, 0), 1020, 700, (10, 10), (1, 1))
    right, front, _up = projection.viewing_direction_ras
    words = detectorInWords(primary, 0)
    assert ("patient's left" in words, "patient's right" in words) == (right < -0.1, right > 0.1)
    assert ("in front" in words, "behind" in words) == (front > 0.1, front < -0.1)


def test_the_detectors_main_side_comes_first():
    from DRRSimulatorLib.words import detectorInWords

    assert detectorInWords(20, -10) == "Detector in front, on the patient's left, towards the feet."
    assert detectorInWords(-80, 0).startswith("Detector on the patient's right, in front")


def test_settings_survive_their_attribute():
    from DRRSimulatorLib.viewsettings import settingsFromJson

    taken = some_settings(primaryDeg=1 / 3, physics="radiography", metal="tantalum", seed=10**9)
    assert settingsFromJson(taken.toJson()) == (taken, [])


def test_what_another_version_wrote_is_read_as_far_as_it_makes_sense():
    from DRRSimulatorLib.viewsettings import DEFAULTS, ViewSettings, settingsFromJson

    read, replaced = settingsFromJson('{"primaryDeg": 7, "rows": "many", "physics": "gamma", "future": 1}')
    assert read == ViewSettings(primaryDeg=7)
    assert {"rows", "physics"} <= set(replaced)
    assert "primaryDeg" not in replaced
    assert settingsFromJson("no JSON") == (DEFAULTS, [field.name for field in fields(ViewSettings)])
