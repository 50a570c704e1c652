"""Local normalised correlation as residuals: what it is blind to, and its derivative."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xray3d.registration.similarity import HUBER, compare

SHAPE = (48, 40)
WINDOW_PX = 11


def texture(seed, shape=SHAPE, smooth_px=2.0):
    """A smooth random image of variance 1."""
    noise = np.random.default_rng(seed).normal(size=shape)
    image = cv2.GaussianBlur(noise, (0, 0), smooth_px)
    return (image / image.std()).astype(np.float32)


def jacobian_of(seed):
    return np.stack([texture(seed + 10 * axis) for axis in range(6)], axis=-1)[None]


def free(shape=SHAPE):
    return np.ones((1, *shape), np.float32)


def with_hole():
    usable = free()
    usable[0, 10:22, 12:30] = 0
    usable[0, :, :4] = 0
    return usable


STILL = np.zeros((1, *SHAPE, 6), np.float32)
X, D = texture(1)[None], (0.7 * texture(1) + 0.5 * texture(2))[None]


@settings(max_examples=15)
@given(st.floats(0.1, 30), st.floats(-20, 20), st.booleans())
def test_gain_and_offset_of_either_image_do_not_count(gain, offset, of_xray):
    plain = compare(X, with_hole(), D, STILL, WINDOW_PX)
    changed = [gain * X + offset, D] if of_xray else [X, gain * D + offset]
    other = compare(changed[0], with_hole(), changed[1], STILL, WINDOW_PX)
    np.testing.assert_allclose(other.residual * other.weight, plain.residual * plain.weight, atol=2e-3)
    assert other.cost[0] == pytest.approx(plain.cost[0], rel=1e-3)
    assert other.correlation[0] == pytest.approx(plain.correlation[0], abs=1e-4)


def test_likeness_is_not_blind_to_what_differs():
    assert 0.5 < compare(X, free(), D, STILL, WINDOW_PX).correlation[0] < 0.95
    assert abs(compare(X, free(), texture(9)[None], STILL, WINDOW_PX).correlation[0]) < 0.3


def test_gain_and_offset_may_change_slowly_over_the_image():
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]] / 48.0
    changed = (1.0 + columns) * X + 0.5 * rows
    assert compare(changed.astype(np.float32), free(), X, STILL, WINDOW_PX).correlation[0] > 0.99


def test_identical_images_are_fully_alike_and_negatives_fully_unlike():
    same = compare(X, with_hole(), X.copy(), STILL, WINDOW_PX)
    assert same.correlation[0] == pytest.approx(1, abs=1e-6)
    assert same.cost[0] == 0
    assert compare(X, with_hole(), -X, STILL, WINDOW_PX).correlation[0] == pytest.approx(-1, abs=1e-6)


@pytest.mark.parametrize("usable", [free(), with_hole()], ids=["free", "masked"])
def test_derivative_is_that_of_the_residual(usable):
    jacobian = jacobian_of(20)
    found = compare(X, usable, D, jacobian, WINDOW_PX)
    inside = found.weight[..., None] > 0
    for axis in range(6):
        step = 5e-3 * jacobian[..., axis]
        after, before = (compare(X, usable, drr, STILL, WINDOW_PX).residual for drr in (D + step, D - step))
        expected = ((after - before) / 1e-2)[..., None] * inside
        error = found.derivative[..., axis : axis + 1] * inside - expected
        # The floor under the deviations follows the image's contrast; that is left out of the derivative.
        assert np.linalg.norm(error) < 0.05 * np.linalg.norm(expected), f"axis {axis}"


@settings(max_examples=10)
@given(st.integers(0, 1000), st.floats(-1e4, 1e4))
def test_masked_pixels_have_no_influence(seed, value):
    usable, rng = with_hole(), np.random.default_rng(seed)
    hidden = usable == 0
    xray, drr, jacobian = X.copy(), D.copy(), jacobian_of(20)
    plain = compare(xray, usable, drr, jacobian.copy(), WINDOW_PX)
    for image in (xray, drr, jacobian):
        image[hidden] = value + rng.normal(size=image[hidden].shape)
    other = compare(xray, usable, drr, jacobian, WINDOW_PX)
    for name in ("weight", "cost", "correlation", "used"):
        np.testing.assert_array_equal(getattr(other, name), getattr(plain, name))
    np.testing.assert_array_equal(other.residual[~hidden], plain.residual[~hidden])
    np.testing.assert_array_equal(other.derivative[~hidden], plain.derivative[~hidden])
    assert not plain.weight[hidden].any()


def test_pixels_that_count_do_have_influence_through_windows():
    changed = D.copy()
    changed[0, 30, 20] += 3
    plain, other = (compare(X, free(), drr, STILL, WINDOW_PX).residual[0] for drr in (D, changed))
    half = WINDOW_PX // 2
    assert np.abs(plain - other)[30 - half : 31 + half, 20 - half : 21 + half].min() > 1e-4
    # Beyond, only the floor under the deviations changes.
    assert np.abs(plain - other)[:20].max() < 0.05


def test_windows_with_little_in_them_are_left_out():
    usable = np.zeros((1, *SHAPE), np.float32)
    usable[0, 20, 20] = 1
    usable[0, 30:, :] = 1
    found = compare(X, usable, D, STILL, WINDOW_PX)
    assert found.weight[0, 20, 20] == 0
    assert found.weight[0, 40, 20] > 0
    assert found.used[0] == pytest.approx(18 / 48, abs=0.01)


def test_nothing_usable_is_no_likeness():
    found = compare(X, 0 * free(), D, jacobian_of(3), WINDOW_PX)
    assert (found.correlation[0], found.used[0]) == (0, 0)
    unlike = compare(X, free(), texture(9)[None], jacobian_of(3), WINDOW_PX)
    assert found.cost[0] > 0.8 * unlike.cost[0], "or a pose that shows nothing would look like the best one"
    assert np.isfinite(found.derivative).all()


def test_a_stack_is_each_image_alone():
    xray, drr = np.concatenate([X, 50 * D + 9, D]), np.concatenate([D, X, 7 * X - 300])
    usable = np.concatenate([free(), with_hole(), with_hole()[:, ::-1]])
    jacobian = np.concatenate([jacobian_of(seed) for seed in (20, 21, 22)])
    together = compare(xray, usable, drr, jacobian, WINDOW_PX)
    for n in range(3):
        one = slice(n, n + 1)
        alone = compare(xray[one], usable[one], drr[one], jacobian[one], WINDOW_PX)
        for name in ("residual", "derivative", "weight", "cost", "correlation", "used"):
            np.testing.assert_allclose(getattr(together, name)[n], getattr(alone, name)[0], atol=1e-5, err_msg=name)


def test_large_residuals_count_linearly():
    spoilt = X.copy()
    spoilt[0, 25, 20] += 20
    found = compare(X, with_hole(), spoilt, STILL, 21)
    size, inside = np.abs(found.residual), found.weight > 0
    assert size[0, 25, 20] > 2 * HUBER
    np.testing.assert_allclose(found.weight[inside & (size <= HUBER)], 1)
    large = inside & (size > HUBER)
    np.testing.assert_allclose(found.weight[large] * size[large], HUBER, rtol=1e-5)
    loss = np.where(size <= HUBER, size**2 / 2, HUBER * (size - HUBER / 2))
    assert found.cost[0] == pytest.approx(loss[inside].sum() / inside.sum(), rel=1e-5)


def test_noise_of_flat_parts_is_not_amplified():
    image = X.copy()
    image[0, :, 20:] = 0.01 * texture(5)[:, 20:]
    found = compare(np.zeros_like(X), free(), image, STILL, WINDOW_PX)
    # Normalised against an image of zeros, the residual is the normalised image.
    assert found.residual[0, :, 28:].std() < 0.15
    assert found.residual[0, :, :10].std() > 0.7
