"""What cannot be registered: every case has its one sentence, said before the work begins."""

from dataclasses import replace

import numpy as np
import pytest

from registration_support import FRONTAL, LATERAL, ROUGH, carm, motion, patient, registrar, xrays
from xray3d import DRRRenderer, XRayImage
from xray3d.errors import GeometryError, VolumeError, XRay3DError
from xray3d.registration.checks import checked_initial, require_common_view
from xray3d.registration.objective import RelativeError
from xray3d.registration.register import register

SHAPE = FRONTAL.size_px


def named(view, name, pixels=None):
    return XRayImage(xrays(view)[0].pixels if pixels is None else pixels, view, name)


FIRST, SECOND = named(FRONTAL, "ap.nrrd"), named(LATERAL, "lat.nrrd")


def refused(kind, says, *args, **options):
    """One clear sentence, of the project's own kind, and before any long work."""
    told = []
    with pytest.raises(kind, match=says) as error:
        registrar().register(*args, **options, progress=lambda text, share: told.append(share))
    message = str(error.value)
    assert message.endswith(".")
    assert message.count(". ") == 0, "one sentence"
    assert ";" in message, "which says what to do"
    assert all(share < 0.05 for share in told)


def test_no_x_ray():
    refused(GeometryError, "There is no X-ray to register; give at least one", [])


@pytest.mark.parametrize("count", [0, 1, 3])
def test_starts_of_another_number(count):
    refused(GeometryError, f"2 X-rays but {count} start poses", [FIRST, SECOND], [carm(9 * n) for n in range(count)])


@pytest.mark.parametrize("count", [0, 1, 3])
def test_masks_of_another_number(count):
    refused(XRay3DError, f"2 X-rays but {count} masks", [FIRST, SECOND], masks=[None] * count)


def test_a_start_of_another_size():
    starts = [FRONTAL, LATERAL.resampled((48, 96))]
    refused(GeometryError, r"The start pose of lat.nrrd is for \(48, 96\) pixels", [FIRST, SECOND], starts)


@pytest.mark.parametrize("nudge_mm", [0.0, 0.2])
def test_one_view_given_twice(nudge_mm):
    again = named(FRONTAL.perturbed([nudge_mm, 0, 0, 0, 0, 0]), "ap2.nrrd", FIRST.pixels)
    refused(GeometryError, "ap.nrrd and ap2.nrrd were taken from the same place", [FIRST, SECOND, again])


@pytest.mark.parametrize("twist", [[5, 0, 0, 0, 0, 0], [0, 0, 40, 0, 0, 0], [0, 0, 0, 0, 0.02, 0]])
def test_views_that_differ_a_little_are_two(twist):
    near = named(FRONTAL.perturbed(twist), "ap2.nrrd", FIRST.pixels)
    assert len(checked_initial([FIRST, near], None)) == 2


def test_starts_default_to_the_x_rays_own():
    assert checked_initial([FIRST, SECOND], None) == [FRONTAL, LATERAL]
    start = FRONTAL.moved(ROUGH)
    assert checked_initial([FIRST], [start]) == [start]


@pytest.mark.parametrize("shift_mm", [[700, 0, 0], [0, 0, -900], [0, -2000, 0]], ids=["beside", "below", "before"])
def test_a_ct_that_does_not_cover_a_view(shift_mm):
    away = FRONTAL.moved(motion(shift_mm, [0, 0, 0]))
    refused(GeometryError, "The CT does not cover what ap.nrrd shows.* give a start nearer", [FIRST], [away])


def test_the_view_that_is_not_covered_is_the_one_that_is_named():
    away = LATERAL.moved(motion([0, 0, 900], [0, 0, 0]))
    with pytest.raises(GeometryError, match="lat.nrrd"):
        registrar().register([FIRST, SECOND], [FRONTAL, away])


def test_a_view_beyond_the_end_of_the_ct_is_not_covered():
    """Above the last slice the patient goes on, but the CT knows nothing of it."""
    above = FRONTAL.moved(motion([0, 0, 330], [0, 0, 0]))
    with pytest.raises(GeometryError, match="does not cover"):
        registrar().register([FIRST], [above], search="off")


def test_a_ct_that_holds_a_part_of_the_view_is_enough():
    partly = FRONTAL.moved(motion([0, 0, 90], [0, 0, 0]))
    require_common_view(DRRRenderer(patient().ct), [partly], [FIRST], "off")


def test_a_mask_of_another_size():
    refused(VolumeError, "The mask of lat.nrrd has", [FIRST, SECOND], masks=[None, np.zeros((10, 10), bool)])


def test_a_mask_over_everything():
    refused(VolumeError, "The mask of ap.nrrd covers everything", [FIRST], masks=[np.ones(SHAPE, bool)])


def test_a_mask_that_leaves_next_to_nothing_is_no_success():
    mask = np.ones(SHAPE, bool)
    mask[40:44, 40:44] = False
    try:
        result = registrar().register([FIRST], [FRONTAL.moved(ROUGH)], masks=[mask], search="off")
    except XRay3DError:
        return
    assert not result.converged


def test_an_x_ray_that_shows_nothing():
    blank = named(FRONTAL, "blank.nrrd", np.full(SHAPE, 12.0))
    refused(VolumeError, "blank.nrrd shows nothing", [blank])


def test_an_unknown_search():
    refused(XRay3DError, "search", [FIRST], search="everywhere")


@pytest.mark.parametrize("deviations", [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (np.nan, 1.0)])
def test_a_relative_error_that_is_none_is_named(deviations):
    with pytest.raises(XRay3DError, match="translation_mm|rotation_deg|relative"):
        registrar().register([FIRST, SECOND], relative_error=RelativeError(*deviations), search="off")


def test_a_source_inside_the_patient_is_named():
    inside = FRONTAL.moved(motion([0, 700, 0], [0, 0, 0]))
    with pytest.raises(GeometryError, match="inside the body"):
        registrar().register([replace(FIRST, projection=inside)])


def test_bad_input_of_the_function_is_that_of_the_class():
    with pytest.raises(GeometryError, match="no X-ray"):
        register(patient().ct, [])
