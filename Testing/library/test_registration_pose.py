"""The pose that is sought, the objective's derivatives by it, and the minimisation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from test_renderer import as_ct, centered_grid
from xray3d import DRRRenderer, Projection
from xray3d.benchmarks.phantoms import SMOOTH_BLOBS, voxelise
from xray3d.geometry.poses import is_rigid, se3_exp
from xray3d.registration.levenberg_marquardt import Stopping, minimise
from xray3d.registration.objective import PRIOR_WEIGHT, Evaluation, Objective, Pose, RelativeError
from xray3d.registration.pose_space import LEVER_MM, twists_per_step, world_motion
from xray3d.registration.views import ReducedView

PIVOT = np.array([8.0, -12.0, 15.0])
SIZE_PX = (48, 56)
STOP = Stopping(iterations=30, step_mm=1e-3, gain=1e-6, longest_mm=10.0)

numbers = st.floats(-1, 1)
steps = st.lists(numbers, min_size=6, max_size=6).map(np.array)
points = st.lists(st.floats(-100, 100), min_size=3, max_size=3).map(np.array)
angles = st.tuples(st.floats(-180, 180), st.floats(-80, 80))


def carm(primary_deg, secondary_deg=0.0, size_px=SIZE_PX):
    return Projection.from_carm(primary_deg, secondary_deg, (5, 5, -5), 1020, 700, size_px, (5.5, 5.0))


VIEWS = [carm(20, 10), carm(-70, 5)]


@pytest.fixture(scope="module")
def renderer():
    size = (80, 72, 64)
    grid = centered_grid(size, (2.6, 2.9, 3.3))
    return DRRRenderer(as_ct(voxelise(SMOOTH_BLOBS, size[::-1], grid), grid))


def silent():
    """Nobody cancels."""


def objective_of(renderer, views=VIEWS, relative_error=None, hole=True):
    reduced = []
    for image in renderer.render(views):
        usable = np.ones_like(image)
        usable[5:9, 10:20] = 1 - hole
        reduced.append(ReducedView(3 * image - 1, usable))
    return Objective(renderer, renderer, reduced, 15, PIVOT, relative_error)


@given(steps, points)
def test_a_step_is_a_rigid_motion_about_the_pivot(step, pivot):
    still = world_motion([0, 0, 0, *(30 * step[3:])], pivot)
    assert is_rigid(still)
    np.testing.assert_allclose(still @ [*pivot, 1], [*pivot, 1], atol=1e-9)
    turn = Rotation.from_matrix(still[:3, :3]).as_rotvec()
    np.testing.assert_allclose(turn, 30 * step[3:] / LEVER_MM, atol=1e-9)
    shift = world_motion([*(30 * step[:3]), 0, 0, 0], pivot)
    np.testing.assert_allclose(shift[:3, 3], 30 * step[:3], atol=1e-9)
    np.testing.assert_array_equal(shift[:3, :3], np.eye(3))


def test_a_small_turn_moves_things_at_the_lever_by_as_many_mm():
    tip = PIVOT + [LEVER_MM, 0, 0]
    moved = world_motion([0, 0, 0, 0, 0, 0.5], PIVOT) @ [*tip, 1]
    # Right-handed: about the axis to the head, from right to front.
    np.testing.assert_allclose(moved[:3] - tip, [0, 0.5, 0], atol=3e-3)


@given(steps, points, angles)
def test_twists_are_what_a_view_sees_of_a_step(step, pivot, angle):
    extrinsic, small = carm(*angle).extrinsic, 1e-4
    seen = extrinsic @ world_motion(small * step, pivot) @ np.linalg.inv(extrinsic)
    twist = twists_per_step(extrinsic, pivot) @ step
    np.testing.assert_allclose((seen - np.eye(4)) / small, (se3_exp(small * twist) - np.eye(4)) / small, atol=2e-3)


@given(steps, angles)
def test_moving_the_pose_moves_the_anatomy(step, angle):
    before = carm(*angle)
    after = Pose.at([before]).moved(10 * step, PIVOT).projections[0]
    moved = np.array([[10, 20, 30], [-40, 0, 5]]) @ (m := world_motion(10 * step, PIVOT))[:3, :3].T + m[:3, 3]
    np.testing.assert_allclose(after.project([[10, 20, 30], [-40, 0, 5]]), before.project(moved), atol=1e-6)


@given(steps, steps)
def test_offsets_move_their_own_view_after_the_common_motion(common, own):
    step = np.concatenate([10 * common, np.zeros(6), 3 * own])
    first, second = Pose.at(VIEWS).moved(step, PIVOT).projections
    together = Pose.at(VIEWS).moved(10 * common, PIVOT)
    np.testing.assert_allclose(first.extrinsic, together.projections[0].extrinsic, atol=1e-12)
    twist = np.concatenate([3 * own[:3], 3 * own[3:] / LEVER_MM])
    np.testing.assert_allclose(second.extrinsic, together.projections[1].perturbed(twist).extrinsic, atol=1e-12)


def test_offsets_add_up_and_a_common_step_leaves_them():
    step = np.arange(18.0) / 10
    pose = Pose.at(VIEWS).moved(step, PIVOT).moved(step, PIVOT).moved(step[:6], PIVOT)
    np.testing.assert_allclose(pose.offsets, 2 * step[6:].reshape(2, 6))


@pytest.mark.parametrize("relative_error", [None, RelativeError(2.0, 1.0)], ids=["exact", "relative"])
def test_gradient_is_the_derivative_of_the_cost(renderer, relative_error):
    objective = objective_of(renderer, relative_error=relative_error)
    size = 6 if relative_error is None else 18
    away = np.random.default_rng(3).normal(0, 1.5, size)
    pose = Pose.at(VIEWS).moved(away, PIVOT)
    (here,) = objective.evaluate([pose])
    assert here.gradient.shape == (size,)
    step = 0.05
    ends = [pose.moved(sign * step * unit, PIVOT) for unit in np.eye(size) for sign in (1, -1)]
    costs = np.array([found.cost for found in objective.evaluate(ends)]).reshape(size, 2)
    expected = (costs[:, 0] - costs[:, 1]) / (2 * step)
    assert np.linalg.norm(here.gradient - expected) < 0.08 * np.linalg.norm(expected)


@pytest.mark.parametrize("relative_error", [None, RelativeError(2.0, 1.0)], ids=["exact", "relative"])
def test_hessian_is_symmetric_and_not_negative(renderer, relative_error):
    pose = Pose.at(VIEWS).moved(np.array([1, 2, -2, 1, 0, 3.0]), PIVOT)
    (found,) = objective_of(renderer, relative_error=relative_error).evaluate([pose])
    np.testing.assert_allclose(found.hessian, found.hessian.T, rtol=1e-4, atol=1e-9)
    values = np.linalg.eigvalsh(found.hessian)
    assert values.min() > -1e-5 * values.max()
    if relative_error is not None:
        held = PRIOR_WEIGHT / relative_error.of_offset**2
        assert (np.diag(found.hessian)[6:] >= np.tile(held, 2)).all()


def test_offsets_cost_what_their_deviations_say(renderer):
    error = RelativeError(2.0, 1.0)
    assert error.of_offset == pytest.approx([2, 2, 2] + [np.deg2rad(1) * LEVER_MM] * 3)
    free, held = objective_of(renderer), objective_of(renderer, relative_error=error)
    own = np.array([2.0, 0, 0, 0, 0, np.deg2rad(1) * LEVER_MM])
    pose = Pose.at(VIEWS).moved(np.concatenate([np.zeros(12), own]), PIVOT)
    extra = held.evaluate([pose])[0].cost - free.evaluate([pose])[0].cost
    assert extra == pytest.approx(PRIOR_WEIGHT, rel=1e-6), "two deviations: 0.5 (1 + 1) times the weight"


def test_one_view_has_no_offsets(renderer):
    (found,) = objective_of(renderer, VIEWS[:1], RelativeError(2.0, 1.0)).evaluate([Pose.at(VIEWS[:1])])
    assert found.gradient.shape == (6,)


def test_poses_evaluated_together_are_each_alone(renderer):
    objective = objective_of(renderer)
    poses = [Pose.at(VIEWS).moved(shift * np.ones(6), PIVOT) for shift in (0.0, 1.0, -2.0)]
    for together, pose in zip(objective.evaluate(poses), poses, strict=True):
        (alone,) = objective.evaluate([pose])
        assert together.cost == pytest.approx(alone.cost, rel=1e-6)
        np.testing.assert_allclose(together.gradient, alone.gradient, atol=1e-7)
        np.testing.assert_allclose(together.hessian, alone.hessian, atol=1e-6)


def test_the_truth_is_the_minimum(renderer):
    (found,) = objective_of(renderer).evaluate([Pose.at(VIEWS)])
    assert found.cost < 1e-9
    assert found.correlation == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(found.gradient, 0, atol=1e-6)
    assert 0.95 < found.used < 1, "the hole is left out"


class Overshooting:
    """The squared distance of the source from where it was, with a curvature that says less than the truth."""

    pivot_ras = PIVOT

    def __init__(self, curvature):
        self.curvature, self.costs = curvature, []

    def is_possible(self, pose):
        return True

    def evaluate(self, poses, usable=None):
        return [self._at(pose) for pose in poses]

    def _at(self, pose):
        away = VIEWS[0].source_ras - pose.projections[0].source_ras
        self.costs.append(0.5 * away @ away)
        gradient = np.concatenate([away, np.zeros(3)])
        return Evaluation(self.costs[-1], (0.9,), 1.0, gradient, np.diag([self.curvature] * 3 + [1.0] * 3))


@pytest.mark.parametrize("curvature", [1.0, 0.4, 0.01])
def test_steps_that_lead_higher_are_not_taken(curvature):
    objective = Overshooting(curvature)
    start = Pose.at(VIEWS[:1]).moved(np.array([3, -2, 1, 0, 0, 0.0]), PIVOT)
    ((pose, found),) = minimise(objective, [start], Stopping(30, 1e-4, 1e-6, 100.0), silent)
    assert found.cost == min(objective.costs)
    assert found.cost < 1e-3 * objective.costs[0]
    np.testing.assert_allclose(pose.projections[0].source_ras, VIEWS[0].source_ras, atol=0.2)
    if curvature < 0.5:
        assert max(objective.costs) > objective.costs[0], "or nothing was overshot"


@settings(max_examples=8)
@given(steps)
def test_minimising_never_ends_higher(renderer, step):
    objective = objective_of(renderer)
    start = Pose.at(VIEWS).moved(25 * step, PIVOT)
    ((pose, found),) = minimise(objective, [start], Stopping(4, 1e-3, 1e-6, 10.0), silent)
    assert found.cost <= objective.evaluate([start])[0].cost
    assert objective.evaluate([pose])[0].cost == pytest.approx(found.cost, rel=1e-6)


def test_minimising_finds_the_truth(renderer):
    start = Pose.at(VIEWS).moved(np.array([4, -3, 5, -3, 4, 2.0]), PIVOT)
    ((pose, found),) = minimise(objective_of(renderer), [start], STOP, silent)
    assert found.correlation > 0.9999
    for after, true in zip(pose.projections, VIEWS, strict=True):
        np.testing.assert_allclose(after.extrinsic, true.extrinsic, atol=0.05)


def test_a_batch_ends_where_each_would_alone(renderer):
    objective = objective_of(renderer)
    starts = [Pose.at(VIEWS).moved(shift * np.array([1, 1, -1, 1, 0, 1.0]), PIVOT) for shift in (0.0, 3.0, -5.0)]
    stop = Stopping(6, 1e-3, 1e-6, 10.0)
    for (together, _), start in zip(minimise(objective, starts, stop, silent), starts, strict=True):
        ((alone, _),) = minimise(objective, [start], stop, silent)
        np.testing.assert_allclose(together.projections[1].extrinsic, alone.projections[1].extrinsic, atol=1e-3)


def test_no_step_is_longer_than_allowed(renderer):
    start = Pose.at(VIEWS).moved(np.array([15, 0, 0, 0, 0, 0.0]), PIVOT)
    ((pose, _),) = minimise(objective_of(renderer), [start], Stopping(1, 1e-3, 1e-6, 0.5), silent)
    motion = np.linalg.inv(start.projections[0].extrinsic) @ pose.projections[0].extrinsic
    moved = np.linalg.norm((motion @ [*PIVOT, 1])[:3] - PIVOT)
    assert 0.01 < moved <= 0.5 + 1e-9


def test_a_minimisation_can_be_cancelled_at_every_step(renderer):
    start, steps = Pose.at(VIEWS).moved(np.array([4, -3, 5, -3, 4, 2.0]), PIVOT), []

    def cancel_at_the_third():
        steps.append(1)
        if len(steps) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        minimise(objective_of(renderer), [start], STOP, cancel_at_the_third)
