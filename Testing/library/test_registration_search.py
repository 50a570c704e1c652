"""Where a search looks, what it climbs on from, and what is said of the summit."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from registration_support import FRONTAL, LATERAL, registrar
from xray3d import XRayImage
from xray3d.registration import search
from xray3d.registration.climb import Summit
from xray3d.registration.objective import Evaluation, Pose
from xray3d.registration.pose_space import LEVER_MM
from xray3d.registration.search import STAGES, rotations
from xray3d.registration.sweep import sweep
from xray3d.registration.verdict import is_acceptable, judge, pose_covariance


def test_rotations_fill_the_ball_and_prefer_no_direction():
    turns = rotations(50.0, 500, seed=0)
    assert not turns[0].any(), "the start itself"
    lengths = np.rad2deg(np.linalg.norm(turns, axis=1))
    assert lengths.max() < 50
    np.testing.assert_allclose(np.percentile(lengths, [25, 50, 75]) / 50, np.sqrt([0.25, 0.5, 0.75]), atol=0.03)
    assert np.rad2deg(np.linalg.norm(turns.mean(axis=0))) < 2


def test_rotations_are_fixed_by_their_seed():
    np.testing.assert_array_equal(rotations(20.0, 30, 3), rotations(20.0, 30, 3))
    assert not np.allclose(rotations(20.0, 30, 3), rotations(20.0, 30, 4))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("search", ["auto", "wide"])
def test_every_stage_looks_farther_and_warns_of_nothing(search):
    stages = STAGES[search]
    reach = [np.linalg.norm(rotations(stage.rotation_deg, stage.rotations, 0), axis=1).max() for stage in stages]
    assert reach == sorted(reach)
    assert np.rad2deg(reach[-1]) > (60 if search == "auto" else 100)


def test_the_best_of_a_sweep_are_swept_again_from_close_by(monkeypatch):
    """Each as it is and turned by less than they are apart; what comes of that is climbed on from."""
    asked = []

    def recorded(renderer, views, poses, pivot_ras, most, breathe):
        asked.append((poses, found := sweep(renderer, views, poses, pivot_ras, most, breathe)))
        return found

    monkeypatch.setattr(search, "sweep", recorded)
    unlike = [XRayImage(np.random.default_rng(0).normal(size=FRONTAL.size_px), FRONTAL)]
    monkeypatch.setattr(search, "is_acceptable", lambda similarities, used: len(asked) > 0)
    registrar().register(unlike, [FRONTAL], search="auto")
    (first, best), (second, _) = asked
    near = STAGES["auto"][0]
    assert len(first) == near.rotations
    assert len(second) == 8 * len(best)
    for number, candidate in enumerate(best):
        about = [pose.projections[0].extrinsic[:3, :3] for pose in second[8 * number : 8 * number + 8]]
        kept = candidate.pose.projections[0].extrinsic[:3, :3]
        turns_deg = [np.rad2deg(Rotation.from_matrix(one @ kept.T).magnitude()) for one in about]
        assert turns_deg[0] == pytest.approx(0, abs=1e-5)
        assert 1 < max(turns_deg) <= near.apart_deg < near.rotation_deg / 2


def test_without_a_search_there_are_no_stages():
    assert STAGES["off"] == ()


def summit(evaluated, similarity=0.9, views=(FRONTAL,)):
    return Summit(Pose.at(views), evaluated, (similarity,) * len(views), np.zeros(3))


def evaluation(correlation=0.9, cost=0.2, curvature=(1, 4, 1, 2, 2, 2)):
    return Evaluation(cost, (correlation,), 0.8, np.zeros(6), 1e-3 * np.diag(np.array(curvature, float)))


def test_the_covariance_is_in_mm_and_radians():
    covariance = pose_covariance(evaluation())
    np.testing.assert_allclose(covariance, covariance.T)
    assert covariance[0, 0] == pytest.approx(4 * covariance[1, 1], rel=1e-4), "four times as curved"
    # A rotation's curvature is by what moves at the lever.
    assert covariance[3, 3] == pytest.approx(covariance[0, 0] / 2 / LEVER_MM**2, rel=1e-4)
    np.testing.assert_allclose(pose_covariance(evaluation(cost=0.4)), 2 * covariance, rtol=1e-5)


def test_what_the_images_do_not_tell_is_not_told():
    covariance = pose_covariance(evaluation(curvature=(0, 4, 1, 2, 2, 2)))
    assert covariance[0, 0] == pytest.approx(1e6)
    assert judge(summit(evaluation(curvature=(0, 4, 1, 2, 2, 2)))).error_across_mm > 900


def test_one_view_that_disagrees_is_named():
    found = Summit(Pose.at([FRONTAL, LATERAL]), evaluation(), (0.95, 0.45), np.zeros(3))
    judgement = judge(found)
    assert judgement.verdict == "doubtful"
    assert "X-ray 2" in judgement.reason
    assert not is_acceptable(found.similarities, 0.8)


def test_errors_are_along_and_across_the_first_view():
    """The frontal view looks along y, the lateral along x."""
    curvature = (9, 1, 4, 1, 1, 1)
    frontal, lateral = (judge(summit(evaluation(curvature=curvature), views=[view])) for view in (FRONTAL, LATERAL))
    unit = frontal.error_along_mm
    assert frontal.error_across_mm == pytest.approx(unit * np.hypot(1 / 3, 1 / 2), rel=1e-4)
    assert lateral.error_along_mm == pytest.approx(unit / 3, rel=1e-4)
    assert lateral.error_across_mm == pytest.approx(unit * np.hypot(1, 1 / 2), rel=1e-4)


def test_offsets_make_the_pose_less_certain():
    plain = evaluation()
    hessian = np.zeros((12, 12))
    hessian[:6, :6] = plain.hessian
    hessian[:6, 6:] = hessian[6:, :6] = plain.hessian / 2
    hessian[6:, 6:] = plain.hessian
    shared = Evaluation(plain.cost, (0.9,), 0.8, np.zeros(12), hessian)
    assert pose_covariance(shared).shape == (6, 6)
    np.testing.assert_allclose(pose_covariance(shared), pose_covariance(plain) / 0.75, rtol=1e-4, atol=1e-12)


@pytest.mark.parametrize(("similarity", "verdict"), [(0.9, "accepted"), (0.58, "doubtful"), (0.3, "failed")])
def test_a_verdict_has_its_sentence(similarity, verdict):
    judgement = judge(summit(evaluation(), similarity))
    assert judgement.verdict == verdict
    assert is_acceptable([similarity], 0.8) == (verdict == "accepted")
    assert judgement.reason.endswith(".")
    assert judgement.reason.count(".") == 1


def test_a_few_pixels_are_not_enough_unless_they_show_a_piece():
    few = replace(evaluation(), used=0.04)
    judgement = judge(summit(few))
    assert judgement.verdict == "doubtful"
    assert "covers only 4% of what the X-rays show" in judgement.reason
    assert not is_acceptable([0.9], 0.04)
    assert judge(summit(few), of_piece=True).verdict == "accepted"
