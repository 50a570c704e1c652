"""Registrations of a synthetic patient from known starts, end to end."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import affine_transform
from scipy.spatial.transform import Rotation

from registration_support import (
    CENTRE,
    FRONTAL,
    LATERAL,
    ROUGH,
    bone_points,
    carm,
    error_mm,
    motion,
    patient,
    registrar,
    reindexed,
    shifted_vertebra,
    xrays,
)
from xray3d import CTVolume, XRayImage
from xray3d.registration.metrics import pose_error
from xray3d.registration.objective import RelativeError
from xray3d.registration.register import Registrar, register

VIEWS = [FRONTAL, LATERAL]
START = [view.moved(ROUGH) for view in VIEWS]


@pytest.fixture(scope="module")
def biplane():
    return registrar().register(xrays(*VIEWS), START)


@pytest.fixture(scope="module")
def single():
    return registrar().register(xrays(FRONTAL), START[:1])


def test_the_start_is_far_enough_off_to_mean_something():
    assert error_mm(START, VIEWS) > 8


def test_two_views_find_the_patient(biplane):
    assert error_mm(biplane.projections, VIEWS) < 0.5
    assert biplane.verdict == "accepted"
    assert biplane.converged
    assert biplane.similarity > 0.8
    assert 0.5 < biplane.used_share <= 1
    assert biplane.seconds > 0


def test_a_noisy_local_view_is_believed_where_it_is_right_and_nowhere_else():
    """Pixels of 0.6 mm that are mostly noise, of two vertebrae."""
    view = carm(0, size_px=(160, 160), pixel_mm=(0.6, 0.6))
    (xray,) = xrays(view)
    noisy = replace(xray, pixels=xray.pixels + np.random.default_rng(0).normal(0, 0.25, view.size_px))
    near, far = motion([1, -1, 2], [1, -1, 1]), motion([25, -10, 10], [10, 10, 10])
    right, wrong = (registrar().register([noisy], [view.moved(off)], search="off") for off in (near, far))
    assert pose_error(right.projections, [view], bone_points()).mpd_mm < 1
    assert right.verdict == "accepted"
    assert pose_error(wrong.projections, [view], bone_points()).mpd_mm > 5
    assert wrong.verdict != "accepted"


def test_one_view_finds_it_across_its_rays(single):
    error = pose_error(single.projections, [FRONTAL], bone_points())
    assert error.across_mm < 1
    assert error.along_mm < 5
    assert single.verdict == "accepted"


def test_the_transform_moves_the_starts_to_the_result(biplane, single):
    for result in (biplane, single):
        for start, found in zip(START, result.projections, strict=False):
            np.testing.assert_allclose(start.moved(result.transform_ras).extrinsic, found.extrinsic, atol=1e-6)
            assert found.size_px == start.size_px
            np.testing.assert_array_equal(found.intrinsic, start.intrinsic)
    np.testing.assert_allclose(biplane.transform_ras @ ROUGH, np.eye(4), atol=0.5)


def test_the_covariance_knows_the_direction_that_one_view_cannot_see(biplane, single):
    for result in (biplane, single):
        np.testing.assert_allclose(result.covariance, result.covariance.T, rtol=1e-6)
        assert np.linalg.eigvalsh(result.covariance).min() > 0
    assert single.error_along_mm > 3 * single.error_across_mm
    # The frontal view looks along y.
    assert single.covariance[1, 1] > 4 * max(single.covariance[0, 0], single.covariance[2, 2])
    assert biplane.error_along_mm < single.error_along_mm / 2


@pytest.mark.parametrize("n", [1, 2])
def test_the_predicted_errors_are_of_the_size_of_the_real_ones(biplane, single, n):
    result, views = ((single, VIEWS[:1]), (biplane, VIEWS))[n - 1]
    error = pose_error(result.projections[:1], views[:1], [result.pivot_ras])
    assert error.along_mm < 4 * result.error_along_mm + 0.1
    assert error.across_mm < 4 * result.error_across_mm + 0.1


@pytest.mark.parametrize(
    "curve", [np.negative, lambda drr: 4095 * np.exp(-drr), lambda drr: drr**2.2, lambda drr: 200 * drr**0.5 - 70]
)
def test_grey_scales_do_not_matter(curve):
    taken = [XRayImage(curve(xray.pixels), xray.projection) for xray in xrays(*VIEWS)]
    result = registrar().register(taken, START)
    assert error_mm(result.projections, VIEWS) < 0.5
    assert result.converged


def test_images_need_not_be_square():
    view = carm(15, 5, size_px=(120, 90), pixel_mm=(2.4, 2.9))
    result = registrar().register(
        xrays(view, LATERAL.resampled((90, 120))), [view.moved(ROUGH), LATERAL.resampled((90, 120)).moved(ROUGH)]
    )
    assert error_mm(result.projections, [view, LATERAL]) < 0.5
    assert [found.size_px for found in result.projections] == [(120, 90), (90, 120)]


def test_starts_may_come_with_the_x_rays():
    taken = [replace(xray, projection=start) for xray, start in zip(xrays(*VIEWS), START, strict=True)]
    result = register(patient().ct, taken)
    assert error_mm(result.projections, VIEWS) < 0.5


def test_metal_under_a_mask_does_not_matter():
    taken, masks = [], []
    for xray in xrays(*VIEWS):
        mask = np.zeros(xray.pixels.shape, bool)
        for row in (25, 45, 65):
            mask[row : row + 6, 34:44] = mask[row : row + 6, 54:64] = True
        taken.append(XRayImage(np.where(mask, 3 * xray.pixels.max(), xray.pixels), xray.projection))
        masks.append(mask)
    masked = registrar().register(taken, START, masks=masks)
    assert error_mm(masked.projections, VIEWS) < 0.5
    bare = registrar().register(taken, START, search="off")
    assert bare.similarity < masked.similarity - 0.03
    assert registrar().register(taken, START, masks=[masks[0], None]).used_share > masked.used_share


def test_a_collimated_x_ray_is_registered_by_what_is_open():
    taken = []
    for xray in xrays(*VIEWS):
        pixels = xray.pixels.copy()
        pixels[:, :12] = pixels[:, -16:] = 9.0
        pixels[:10] = 9.0
        taken.append(XRayImage(pixels, xray.projection))
    result = registrar().register(taken, START)
    assert error_mm(result.projections, VIEWS) < 0.7
    assert result.converged


def test_a_ct_that_ends_in_the_view_is_enough():
    """The CT begins above L5, which the X-rays show."""
    ct = patient().ct
    first = int(ct.to_ijk(patient().column.vertebra("L5").to_ras[:3, 3])[2]) + 4
    to_ras = ct.ijk_to_ras.copy()
    to_ras[:3, 3] = ct.to_ras([0, 0, first])
    result = register(CTVolume(ct.hu[first:], to_ras), xrays(*VIEWS), START)
    assert error_mm(result.projections, VIEWS) < 0.7
    assert result.converged
    assert result.used_share < 0.8


@pytest.mark.parametrize(("axes", "flips"), [((0, 1, 2), (0, 2)), ((2, 0, 1), (1,))])
def test_the_order_of_voxels_does_not_matter(biplane, axes, flips):
    result = register(reindexed(patient().ct, axes, flips), xrays(*VIEWS), START)
    np.testing.assert_allclose(result.transform_ras, biplane.transform_ras, atol=0.05)


def test_an_oblique_ct_gives_the_same_transform(biplane):
    """Resampled to a grid that is turned within the frontal plane's normal, and anisotropic."""
    ct = patient().ct
    axes = Rotation.from_euler("xyz", [8, -5, 12], degrees=True).as_matrix() * [3.0, 4.0, 5.0]
    size = np.array([140, 80, 80])
    to_ras = np.eye(4)
    to_ras[:3, :3], to_ras[:3, 3] = axes, ct.center_ras - axes @ ((size - 1) / 2)
    to_old = np.linalg.inv(ct.ijk_to_ras) @ to_ras
    matrix, offset = to_old[:3, :3][::-1, ::-1], to_old[:3, 3][::-1]
    hu = affine_transform(ct.hu, matrix, offset, tuple(size[::-1]), order=1, cval=-1000.0)
    result = register(CTVolume(hu, to_ras), xrays(*VIEWS), START)
    assert error_mm(result.projections, VIEWS) < 0.7
    assert error_mm(result.projections, biplane.projections) < 0.6


def test_moving_ct_and_start_together_changes_nothing(biplane):
    """A CT under a parent transform: the result is in its frame."""
    parent = motion([300, -40, 800], [50, 20, -120])
    ct = CTVolume(patient().ct.hu, parent @ patient().ct.ijk_to_ras)
    result = register(ct, xrays(*VIEWS), [start.moved(parent) for start in START])
    expected = [view.moved(parent) for view in biplane.projections]
    for found, same in zip(result.projections, expected, strict=True):
        between = found.extrinsic @ np.linalg.inv(same.extrinsic)
        np.testing.assert_allclose(between @ [0, 0, 700, 1], [0, 0, 700, 1], atol=0.05)


def test_the_same_seed_gives_the_same_result():
    far = [view.moved(motion([22, 10, -15], [8, 8, -8])) for view in VIEWS]
    first, second = (registrar().register(xrays(*VIEWS), far, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.transform_ras, second.transform_ras)
    assert first.similarity == second.similarity


@pytest.fixture(scope="module")
def vertebra():
    """In the X-rays L3 lies 6 mm further to the right, all else is where the CT has it."""
    room, region, shift = shifted_vertebra("L3", [6.0, 0.0, 0.0])
    views = [carm(angle, pixel_mm=(1.5, 1.5)) for angle in (0, 90)]
    taken = [XRayImage(room.render(view), view) for view in views]
    start = [view.moved(motion([2, -2, 2], [1, -1, 2])) for view in views]
    return region, taken, start, views, [view.moved(np.linalg.inv(shift)) for view in views]


@pytest.mark.parametrize("search", ["off", "auto"])
def test_a_region_follows_its_vertebra(vertebra, search):
    """And is not led to a neighbour of it, which lies within the search around the start."""
    region, taken, start, _, true = vertebra
    followed = Registrar(patient().ct, region=region).register(taken, start, search=search)
    assert error_mm(followed.projections, true, ["L3"]) < 1.0
    assert followed.used_share < 0.5, "only what is near the vertebra counts"


def test_without_a_region_the_rest_of_the_patient_decides(vertebra):
    _, taken, start, views, true = vertebra
    whole = registrar().register(taken, start)
    assert error_mm(whole.projections, views, ["L1", "L2", "L4", "L5"]) < 1.0
    assert error_mm(whole.projections, true, ["L3"]) > 4


def test_a_relative_error_lets_a_view_find_its_place():
    """The second view is 2 mm and 1° off the first."""
    views = [FRONTAL, carm(60, 10)]
    twist = [1.4, -1.4, 0.3, *np.deg2rad([0.6, -0.6, 0.5])]
    start = [views[0].moved(ROUGH), views[1].perturbed(twist).moved(ROUGH)]
    held, free = (
        registrar().register(xrays(*views), start, relative_error=one) for one in (None, RelativeError(2.0, 1.0))
    )
    across = [
        max(
            pose_error([found], [true], bone_points()).across_mm
            for found, true in zip(result.projections, views, strict=True)
        )
        for result in (held, free)
    ]
    assert across[1] < 0.5
    assert across[0] > 2 * across[1]
    assert free.similarity > held.similarity
    relative = free.projections[1].extrinsic @ np.linalg.inv(free.projections[0].extrinsic)
    true_relative = views[1].extrinsic @ np.linalg.inv(views[0].extrinsic)
    np.testing.assert_allclose(relative[:3, :3], true_relative[:3, :3], atol=np.deg2rad(0.3))


@pytest.mark.parametrize("n", [1, 2])
def test_a_wide_search_needs_no_good_start(n):
    views = [carm(10), carm(100)][:n]
    start = [view.moved(motion([35, 20, -45], [18, -17, 17], CENTRE)) for view in views]
    result = registrar().register(xrays(*views), start, search="wide")
    assert result.converged
    assert pose_error(result.projections, views, bone_points()).across_mm < 1


def test_a_search_around_the_start_finds_more_than_the_start_alone():
    start = [view.moved(motion([20, 8, -16], [7, 7, -7])) for view in VIEWS]
    found = registrar().register(xrays(*VIEWS), start)
    assert error_mm(found.projections, VIEWS) < 0.5


@pytest.mark.parametrize("search", ["off", "auto"])
def test_noise_is_not_accepted(search):
    rng = np.random.default_rng(6)
    noise = XRayImage(rng.normal(size=FRONTAL.size_px).cumsum(0).cumsum(1), FRONTAL)
    result = registrar().register([noise], START[:1], search=search)
    assert result.verdict == "failed"
    assert not result.converged


def test_another_place_of_the_anatomy_is_not_accepted():
    """An X-ray mirrored and upside down shows no spine that this patient has."""
    wrong = XRayImage(xrays(carm(30, 10))[0].pixels[::-1, ::-1].T, FRONTAL)
    result = registrar().register([wrong], START[:1], search="off")
    assert result.verdict == "failed"


def test_progress_tells_and_cancels():
    told = []
    registrar().register(xrays(*VIEWS), START, progress=lambda text, share: told.append((text, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1
    assert all(text for text, _ in told)

    class CancelledError(Exception):
        pass

    def cancel(text, share):
        raise CancelledError

    with pytest.raises(CancelledError):
        registrar().register(xrays(*VIEWS), START, progress=cancel)
