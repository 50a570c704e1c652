"""Line integrals against closed forms: any view, any grid, any batch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from xray3d import CTVolume, Projection
from xray3d.benchmarks.phantoms import HARD_ELLIPSOIDS, SMOOTH_BLOBS, line_integrals, voxelise
from xray3d.drr.renderer import DRRRenderer
from xray3d.errors import DeviceError, GeometryError
from xray3d.volumes.attenuation import REFERENCE_ENERGY_KEV, water_attenuation_per_mm

VIEWS = [(0, 0), (180, 0), (90, 0), (-90, 10), (30, 20), (-45, 0), (10, 80), (60, -55)]


def as_ct(attenuation, ijk_to_ras) -> CTVolume:
    water = water_attenuation_per_mm(REFERENCE_ENERGY_KEV)
    return CTVolume(attenuation / water * 1000 - 1000, ijk_to_ras)


def centered_grid(size_ijk, spacing_mm, rotation=None, center_ras=(0, 0, 0)):
    axes = (np.eye(3) if rotation is None else rotation) * np.asarray(spacing_mm, float)
    affine = np.eye(4)
    affine[:3, :3] = axes
    affine[:3, 3] = np.asarray(center_ras) - axes @ ((np.array(size_ijk) - 1) / 2)
    return affine


def carm(primary_deg, secondary_deg, size_px=(96, 96), pixel_mm=(3.2, 3.2)) -> Projection:
    return Projection.from_carm(primary_deg, secondary_deg, (0, 0, 0), 1020, 700, size_px, pixel_mm)


def rms(image) -> float:
    return float(np.sqrt(np.mean(np.square(image))))


@pytest.fixture(scope="module")
def ellipsoids():
    grid = centered_grid((128, 128, 128), (1.6, 1.6, 1.6))
    return DRRRenderer(as_ct(voxelise(HARD_ELLIPSOIDS, (128, 128, 128), grid), grid))


@pytest.mark.parametrize("angles", VIEWS)
def test_agrees_with_the_closed_form_in_every_direction(ellipsoids, angles):
    view = carm(*angles)
    truth = line_integrals(HARD_ELLIPSOIDS, view)
    # At 1.6 mm voxels the voxelisation itself costs 0.4 %; a mirrored or shifted view would cost 10 % and more.
    assert rms(ellipsoids.render(view) - truth) < 0.006 * truth.max()


def test_a_block_along_a_voxel_axis_is_its_thickness_times_its_attenuation():
    size = (40, 50, 60)
    block = as_ct(np.full(size[::-1], 0.02, np.float32), centered_grid(size, (2.0, 1.5, 1.0)))
    for (primary, secondary), thickness_mm in [((0, 0), 50 * 1.5), ((90, 0), 40 * 2.0), ((0, 90), 60 * 1.0)]:
        view = Projection.from_carm(primary, secondary, (0, 0, 0), 1020, 700, (1, 1), (0.5, 0.5))
        assert DRRRenderer(block).render(view)[0, 0] == pytest.approx(0.02 * thickness_mm, rel=1e-5)


@pytest.mark.parametrize("row", [0, 12, 168, 191])
@pytest.mark.parametrize("column", [0, 94])
def test_rays_that_pass_beside_a_small_volume_and_next_to_parallel_to_it_are_empty(row, column):
    """Where rounding makes 1e-9 of a slope of 0, such a ray meets the volume's planes a billion voxels away."""
    size = (44, 42, 40)
    volume = as_ct(np.full(size[::-1], 0.02, np.float32), centered_grid(size, (1.0, 1.0, 1.0), None, (0, 0, 40)))
    intrinsic = np.array([[961.80555556, 0, column], [0, 962.5, row], [0, 0, 1]])
    extrinsic = np.array([[1.0, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 700], [0, 0, 0, 1]])
    for lower in (0.0, 80.0):
        extrinsic[1, 3] = lower
        view = Projection(intrinsic, extrinsic, (192, 192), (1.04, 1.04))
        drr = DRRRenderer(volume).render(view)
        assert not drr[row].any(), "the ray passes below or above"
        assert (drr < 0.02 * 60).all()


def test_what_lies_behind_the_receptor_is_not_seen():
    size = (20, 400, 20)
    column = as_ct(np.full(size[::-1], 0.01, np.float32), centered_grid(size, (4, 1, 4), center_ras=(0, 220, 0)))
    view = Projection.from_carm(0, 0, (0, 0, 0), 500, 400, (1, 1), (0.5, 0.5))
    # The receptor stands at y = 100 mm, the column reaches from 20 mm to 420 mm.
    assert DRRRenderer(column).render(view)[0, 0] == pytest.approx(0.01 * 80, rel=0.02)


def test_the_patients_right_is_on_the_right_from_behind_and_on_the_left_from_the_front():
    size = (48, 48, 48)
    grid = centered_grid(size, (4, 4, 4))
    attenuation = np.zeros(size, np.float32)
    attenuation[24:36, 20:28, 30:40] = 0.02  # up, middle, right (RAS: k towards the head, i towards the right)
    renderer = DRRRenderer(as_ct(attenuation, grid))
    for primary, on_the_right in [(0, True), (180, False)]:
        row, column = np.argwhere(renderer.render(carm(primary, 0)) > 0.1).mean(axis=0)
        assert (column > 48) == on_the_right
        assert row < 48, "the head is up"


rotations = st.tuples(*[st.floats(-180, 180)] * 3).map(lambda deg: Rotation.from_euler("xyz", deg, True).as_matrix())
spacings = st.tuples(*[st.floats(1.5, 2.5)] * 3)
flips = st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3)
offsets = st.tuples(*[st.floats(-1, 1)] * 3)
SMOOTH = SMOOTH_BLOBS[:3]


@settings(max_examples=25)
@given(rotations, spacings, flips, offsets, st.sampled_from(VIEWS))
def test_the_same_object_on_any_grid_gives_the_same_drr(rotation, spacing, flip, offset, angles):
    size = tuple(int(230 / s) for s in spacing)
    grid = centered_grid(size, spacing, rotation @ np.diag(flip), offset)
    view = carm(*angles, size_px=(48, 48), pixel_mm=(4.8, 4.8))
    truth = line_integrals(SMOOTH, view)
    image = DRRRenderer(as_ct(voxelise(SMOOTH, size[::-1], grid), grid)).render(view)
    assert rms(image - truth) < 0.01 * truth.max()


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (0, 2, 1)])
@pytest.mark.parametrize("flip", [(), (0,), (1, 2)])
def test_reordered_and_flipped_memory_is_the_same_patient(order, flip):
    rng = np.random.default_rng(0)
    attenuation = rng.random((30, 36, 42), np.float32) * 0.02
    grid = centered_grid((42, 36, 30), (2.2, 3.0, 4.1), Rotation.from_rotvec([0.2, -0.3, 0.5]).as_matrix())
    columns = grid[:, [2, 1, 0]]  # affine columns in the order of the array's axes
    stored = np.flip(attenuation.transpose(order), flip)
    permuted = columns[:, list(order)].copy()
    moved = np.eye(4)
    moved[:3, 3] = grid[:3, 3]
    for axis in flip:
        moved[:3, 3] += permuted[:3, axis] * (stored.shape[axis] - 1)
        permuted[:3, axis] *= -1
    moved[:3, :3] = permuted[:3, ::-1]
    view = carm(35, -25)
    expected = DRRRenderer(as_ct(attenuation, grid)).render(view)
    assert np.allclose(DRRRenderer(as_ct(stored, moved)).render(view), expected, atol=2e-4 * expected.max())


def test_a_batch_is_its_views(ellipsoids):
    views = [carm(*angles) for angles in VIEWS[:5]]
    batch = ellipsoids.render(views)
    assert batch.shape == (5, 96, 96)
    assert batch.dtype == np.float32
    for image, view in zip(batch, views, strict=True):
        assert np.array_equal(image, ellipsoids.render(view))


def test_materials_add_up_to_the_drr(ellipsoids):
    view = carm(30, 20)
    integrals = ellipsoids.render_materials(view)
    assert np.allclose(integrals.drr()[0], ellipsoids.render(view), atol=1e-5)
    assert integrals.bone.numpy().max() > 0.1
    assert integrals.bone.numpy().min() >= 0


def test_bad_requests_are_refused_in_a_sentence(ellipsoids):
    with pytest.raises(GeometryError, match="at least one"):
        ellipsoids.render([])
    with pytest.raises(GeometryError, match="one size"):
        ellipsoids.render([carm(0, 0), carm(0, 0, size_px=(10, 10))])
    inside = Projection.from_carm(0, 0, (0, 0, 0), 1020, 30, (8, 8), (1, 1))
    with pytest.raises(GeometryError, match="inside the body"):
        ellipsoids.render(inside)
    with pytest.raises(DeviceError, match="warp-drive"):
        DRRRenderer(ellipsoids.ct, device="warp-drive")
