"""What the models are shown: views whose truth is known, with and without metal, and what no model should recognise."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, binary_erosion, gaussian_filter

from registration_benchmark_support import PLACE
from xray3d.benchmarks.registration.cases import take_xray
from xray3d.benchmarks.scene_coordinates import xrays
from xray3d.benchmarks.scene_coordinates.xrays import Part, take_cases, take_strangers
from xray3d.datasets.pose_range import PoseRange
from xray3d.drr import DRRRenderer
from xray3d.geometry.poses import rotation_angle
from xray3d.registration.field import exposed_field

SIZE_PX, PIXEL_MM = (120, 96), (2.5, 3.0)
POSES = PoseRange(PLACE.isocenter_ras)
AREA, SIDE = "local view, a third of the area", "local view, a third of the side"
BARE, MASKED = "screws, not masked", "screws, masked"
COUNTS = {"whole view": 3, AREA: 3, SIDE: 3, BARE: 2, MASKED: 2}


@pytest.fixture(scope="module")
def cases(anatomy):
    with pytest.MonkeyPatch.context() as patch:
        small_receptor(patch)
        renderer = DRRRenderer(anatomy.xrayed)
        parts = [Part(condition, 0, count) for condition, count in COUNTS.items()]
        return [case for part in parts for case in take_cases(anatomy, renderer, POSES, part)]


def small_receptor(patch):
    patch.setattr(xrays, "SIZE_PX", SIZE_PX)
    patch.setattr(xrays, "PIXEL_MM", PIXEL_MM)


def of(cases, condition):
    return [case for case in cases if case.condition == condition]


def test_there_are_as_many_of_each_as_asked_for(cases):
    kinds = [case.condition for case in cases]
    assert {kind: kinds.count(kind) for kind in COUNTS} == COUNTS


@pytest.mark.parametrize("condition", ["whole view", AREA, SIDE, BARE])
def test_an_xray_follows_from_its_number_alone(anatomy, cases, condition, monkeypatch):
    small_receptor(monkeypatch)
    (again,) = take_cases(anatomy, DRRRenderer(anatomy.xrayed), POSES, Part(condition, 1, 1))
    np.testing.assert_array_equal(again.xray.pixels, of(cases, condition)[1].xray.pixels)


def test_no_two_views_are_from_one_place(cases):
    views = [case.xray.projection for case in cases if case.condition != "screws, masked"]
    for number, view in enumerate(views):
        for other in views[:number]:
            assert rotation_angle(view.extrinsic @ np.linalg.inv(other.extrinsic)) > 1e-3


def detail(picture, field):
    """What is of a pixel's size to that of some, as a share of the contrast about it; away from the field's edge."""
    low, high = np.percentile(picture[field], [1, 99])
    shown = np.where(field, np.clip(picture, low, high), np.median(picture[field]))
    band = gaussian_filter(shown, 1.0) - gaussian_filter(shown, 4.0)
    return (band / np.sqrt(gaussian_filter(band**2, 6.0) + 1e-9))[binary_erosion(field, iterations=6)]


@pytest.mark.parametrize("condition", ["whole view", AREA, SIDE])
def test_an_xray_shows_what_its_projection_says(anatomy, cases, condition):
    renderer = DRRRenderer(anatomy.xrayed)
    for case in of(cases, condition):
        field = exposed_field(case.xray.pixels)
        expected = renderer.render(case.xray.projection)
        likeness = [
            abs(np.corrcoef(detail(case.xray.pixels, field), detail(shown, field))[0, 1])
            for shown in (expected, expected[::-1], expected[:, ::-1], np.roll(expected, 5, axis=1))
        ]
        assert likeness[0] > 0.6
        assert max(likeness[1:]) < 0.6 * likeness[0]


@pytest.mark.parametrize(("condition", "size_px"), [(AREA, (69, 55)), (SIDE, (40, 32))])
def test_a_local_view_is_a_third_of_the_receptor_and_shows_bone(anatomy, cases, condition, size_px):
    for case in of(cases, condition):
        projection = case.xray.projection
        assert (projection.size_px, projection.pixel_mm) == (size_px, PIXEL_MM)
        pixels = projection.project(anatomy.targets_ras)
        assert ((pixels >= 0) & (pixels < size_px[::-1])).all(axis=1).any()
        # The receptor's middle is where the central ray meets the whole of it.
        corner = np.array(SIZE_PX[::-1]) / 2 - 0.5 - projection.intrinsic[:2, 2]
        assert (corner > -1e-9).all()
        assert (corner + size_px[::-1] <= np.array(SIZE_PX[::-1]) + 1e-9).all()


@pytest.mark.parametrize(
    ("pixel", "expected"), [(50.0, slice(30, 70)), (3.0, slice(0, 40)), (99.0, slice(60, 100)), (20.0, slice(0, 40))]
)
def test_a_local_view_stays_on_the_receptor(pixel, expected):
    assert xrays._about(pixel, 100, 0.4) == expected


def test_collimators_narrow_whole_views_and_never_local_ones(anatomy):
    renderer = DRRRenderer(anatomy.xrayed)
    view = POSES.draw(np.random.default_rng(0), SIZE_PX, PIXEL_MM)

    def open_shares(collimated):
        rngs = [np.random.default_rng(seed) for seed in range(6)]
        images = [take_xray(renderer, view, rng, collimated=collimated)[0].pixels for rng in rngs]
        return [exposed_field(image).mean() for image in images]

    assert min(open_shares(False)) > 0.99
    assert min(open_shares(True)) < 0.85


def test_views_with_screws_are_shown_with_and_without_their_mask(cases):
    bare, masked = (of(cases, f"screws, {how}") for how in ("not masked", "masked"))
    for case, same in zip(bare, masked, strict=True):
        np.testing.assert_array_equal(case.xray.pixels, same.xray.pixels)
        assert case.mask is None
        assert 0 < same.mask.mean() < 0.3
        assert same.mask.shape == same.xray.pixels.shape
    assert all(case.mask is None for case in cases if case.condition != "screws, masked")


def test_screws_show_where_their_mask_is(anatomy, cases):
    renderer = DRRRenderer(anatomy.xrayed)
    for case in of(cases, "screws, masked"):
        bare = np.exp(-renderer.render(case.xray.projection))
        field = binary_dilation(case.mask, iterations=6) & exposed_field(case.xray.pixels)
        inside, beside = case.mask & field, field & ~case.mask
        xray, patient = (
            abs(picture[inside].mean() - picture[beside].mean()) / picture[beside].std()
            for picture in (case.xray.pixels, bare)
        )
        assert xray > 1.2
        assert patient < 0.6


def test_strangers_are_a_chest_a_blank_image_and_noise(folder, monkeypatch):
    small_receptor(monkeypatch)
    monkeypatch.setattr(xrays, "CHEST_FILE", PLACE.file)
    parts = [Part("chest of another patient", 0, 3), Part("blank image", 0, 1), Part("noise", 0, 3)]
    found = [case for part in parts for case in take_strangers(folder, part)]
    assert [case.condition for case in found] == [part.condition for part in parts for _ in part.numbers]
    images = [case.xray.pixels for case in found]
    assert all(image.shape == SIZE_PX for image in images)
    assert np.ptp(images[3]) == 0
    assert len({image.tobytes() for image in images}) == 7
    roughness = [np.abs(np.diff(image)).mean() / image.std() for image in images[4:]]
    assert roughness[1] < 0.2 < min(roughness[0], roughness[2])
