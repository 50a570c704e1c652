"""The scene-coordinate benchmark's table from outcomes that are known."""

import json
from dataclasses import replace
from typing import get_args

import pytest

from registration_benchmark_support import PLACE, error
from scene_benchmark_support import KNOWN, REFUSED, outcome, trial, variant
from xray3d.benchmarks.scene_coordinates.outcomes import Condition, PlaceOutcome, Trial
from xray3d.benchmarks.scene_coordinates.places import KnownPlace
from xray3d.benchmarks.scene_coordinates.rows import place_rows
from xray3d.benchmarks.table import to_json

BEFORE, AFTER = "before refinement", "after refinement"
OTHERS = ("local view, a third of the area", "local view, a third of the side", "screws, not masked", "screws, masked")


def rows_of(measured, targets=400):
    """All rows of one place; the other conditions are there unless the test is about them."""
    if measured.main is not None:
        others = [trial(condition=condition) for condition in OTHERS if not measured.main.of(condition)]
        measured = replace(measured, main=replace(measured.main, trials=(*measured.main.trials, *others)))
    rows = place_rows([(KNOWN, measured)], targets)
    json.loads(to_json(rows))
    return rows


def row(rows, *words):
    (found,) = (row for row in rows if all(word in row.measure for word in words))
    return found


def target_row(rows, when, words, condition=""):
    """Of the target registration errors, whole views where no condition is given."""
    (found,) = (
        row
        for row in rows
        if row.measure.startswith(f"{PLACE.name}, {condition}")
        and f"X-rays, {when}" in row.measure
        and words in row.measure
        and (condition or not any(other in row.measure for other in OTHERS))
    )
    return found


@pytest.mark.parametrize(
    ("before_mm", "after_mm", "met"), [(3.0, 0.5, (True, True)), (3.1, 0.5, (False, True)), (2.0, 0.6, (True, False))]
)
def test_medians_before_and_after(before_mm, after_mm, met):
    rows = rows_of(outcome([trial(before_mm, after_mm)] * 3 + [trial(9.0, 8.0)] * 2))
    found = [target_row(rows, when, "median") for when in (BEFORE, AFTER)]
    assert [one.value for one in found] == [before_mm, after_mm]
    assert tuple(one.met for one in found) == met


def test_percentiles_beside_the_median():
    rows = rows_of(outcome([trial(float(mm), mm / 10) for mm in range(101)]))
    for when, scale in ((BEFORE, 1.0), (AFTER, 0.1)):
        for percent in (25, 95):
            found = target_row(rows, when, f"{percent}th percentile")
            assert found.value == pytest.approx(scale * percent)
            assert (found.goal, found.met) == (None, None)


@pytest.mark.parametrize("gross", [trial(11.0, 11.0, "failed"), trial(11.0, 11.0, "accepted"), REFUSED])
@pytest.mark.parametrize(("count", "met"), [(2, (True, True)), (5, (True, False)), (6, (False, False))])
def test_gross_failures_are_large_errors_and_missing_poses(gross, count, met):
    rows = rows_of(outcome([trial()] * (100 - count) + [gross] * count))
    found = [target_row(rows, when, "gross failures") for when in (BEFORE, AFTER)]
    assert [one.value for one in found] == [pytest.approx(count)] * 2
    assert tuple(one.met for one in found) == met


def test_a_pose_that_was_not_refined_counts_before_and_fails_after():
    rows = rows_of(outcome([trial(2.0, None, "failed")]))
    assert target_row(rows, BEFORE, "gross failures").value == 0
    assert target_row(rows, AFTER, "gross failures").value == 100


def test_a_median_without_a_pose_is_a_missed_goal():
    found = target_row(rows_of(outcome([REFUSED, REFUSED, trial()])), BEFORE, "median")
    assert (found.value, found.met) == ("no pose", False)


def test_only_the_first_whole_views_have_target_errors_and_all_have_means():
    rows = rows_of(outcome([trial()] * 4 + [trial(50.0, 40.0)] * 4), targets=4)
    assert target_row(rows, AFTER, "gross failures").value == 0
    assert row(rows, "8 X-rays from different directions", AFTER, "mean translation error").value == pytest.approx(
        20.15
    )


def test_means_are_of_those_with_a_pose_and_the_others_are_counted():
    turned = Trial(
        "whole view", replace(error(8.0), rotation_deg=3.0), replace(error(1.0), rotation_deg=0.4), "accepted"
    )
    more = Trial("whole view", replace(error(4.0), rotation_deg=1.0), replace(error(2.0), rotation_deg=0.8), "accepted")
    rows = rows_of(outcome([turned, more, REFUSED]))
    of_all = "3 X-rays from different directions"
    for when, degrees, mm, spread in ((BEFORE, 2.0, 6.0, "(± 2.00)"), (AFTER, 0.6, 1.5, "(± 0.50)")):
        assert row(rows, of_all, when, "without a pose").value == 1
        rotation = row(rows, of_all, when, "mean rotation error of 2 with a pose")
        translation = row(rows, of_all, when, "mean translation error of 2 with a pose", spread)
        assert (rotation.value, translation.value) == (pytest.approx(degrees), pytest.approx(mm))
        assert (rotation.met, translation.met) == ((False, True) if when == AFTER else (None, None))


def test_nothing_but_refusals_misses_the_means():
    found = row(rows_of(outcome([REFUSED])), "directions", AFTER, "mean rotation error")
    assert (found.value, found.met) == ("no pose", False)


def test_means_are_over_all_places():
    elsewhere = KnownPlace(replace(PLACE, name="elsewhere"), "elsewhere")
    trials = [trial(), *(trial(condition=condition) for condition in OTHERS)]
    rows = place_rows([(KNOWN, outcome(trials)), (elsewhere, outcome(trials))], 400)
    assert row(rows, "2 X-rays from different directions", AFTER, "without a pose").value == 0
    assert len([row for row in rows if row.measure.startswith("elsewhere, 1 X-rays, after")]) == 4


def test_published_figures_stand_beside_the_poses_before_refinement():
    rows = rows_of(outcome([trial()]))
    peers = {row.measure: (row.peer.split(",")[0], row.peer_value) for row in rows if row.peer}
    assert [peer for measure, peer in peers.items() if "median mTRE" in measure] == [("Shrestha et al. 2023", 3.79)]
    assert [peer for measure, peer in peers.items() if "rotation" in measure] == [("Xie", 3.96)]
    assert [peer for measure, peer in peers.items() if "translation" in measure] == [("Xie", 23.07)]
    assert len(peers) == 3
    assert all(BEFORE in measure for measure in peers)
    assert all("published" in row.peer for row in rows if row.peer)


@pytest.mark.parametrize("condition", OTHERS)
def test_other_conditions_are_reported_apart_and_without_goals(condition):
    rows = rows_of(outcome([trial(), trial(7.0, 6.0, condition=condition)]))
    assert target_row(rows, BEFORE, "median").value == 2.0
    for when, mm in ((BEFORE, 7.0), (AFTER, 6.0)):
        found = target_row(rows, when, "median", condition)
        assert (found.value, found.goal, found.peer) == (mm, None, None)
        assert target_row(rows, when, "gross failures", condition).value == 0


@pytest.mark.parametrize(("middle_mm", "met"), [(2.0, True), (2.1, False)])
def test_distance_of_the_point_cloud_from_bone(middle_mm, met):
    rows = rows_of(outcome([trial()], surface_mm=[0.0, middle_mm, 9.0]))
    found = row(rows, "point cloud", "3 points", "median")
    assert (found.value, found.met) == (pytest.approx(middle_mm), met)
    assert row(rows, "point cloud", "95th percentile").value > middle_mm


def test_a_model_that_sees_no_bone_anywhere_has_no_point_cloud():
    found = row(rows_of(outcome([trial()], surface_mm=[])), "point cloud")
    assert (found.value, found.met) == ("no points", False)


@pytest.mark.parametrize("kind", ["chest of another patient", "blank image", "noise"])
@pytest.mark.parametrize(
    ("verdict", "met", "failed"), [("accepted", False, 50), ("doubtful", True, 50), ("failed", True, 100)]
)
def test_nothing_that_the_model_does_not_know_may_be_accepted(kind, verdict, met, failed):
    rows = rows_of(outcome([trial()], strangers=[(kind, verdict)]))
    found = row(rows, f"shown {kind}, 2 images: accepted")
    assert (found.value, found.met) == (50 if verdict == "accepted" else 0, met)
    assert row(rows, f"shown {kind}, 2 images: failed").value == failed


@pytest.mark.parametrize("condition", get_args(Condition))
def test_precision_and_recall_of_the_verdict_by_condition(condition):
    deep = Trial("whole view", error(9.0), error(9.0, mpd_mm=1.9), "accepted")
    falsely, missed = trial(5.0, 2.1, "accepted"), trial(2.0, 0.3, "doubtful")
    trials = [replace(one, condition=condition) for one in (deep, trial(), falsely, missed, REFUSED)]
    others = [replace(falsely, condition=other) for other in get_args(Condition) if other != condition]
    rows = rows_of(outcome([*trials, *others]))
    precision = row(rows, f"{condition}: accepted results that are right")
    recall = row(rows, f"{condition}: right results", "that are accepted")
    assert ("of 3" in precision.measure, "of 3" in recall.measure) == (True, True)
    assert (precision.value, recall.value) == (pytest.approx(200 / 3), pytest.approx(200 / 3))


@pytest.mark.parametrize(("started_from", "limit"), [("scratch", 60), ("another patient", 10)])
def test_training_time_counts_where_the_model_is_good_enough(started_from, limit):
    def found(minutes, trials):
        rows = rows_of(outcome(trials, minutes=minutes, started_from=started_from))
        return row(rows, f"training from {started_from}, 1000 steps")

    good, bad, gross = [trial(3.0)] * 20, [trial(3.1)] * 20, [trial(1.0)] * 18 + [REFUSED] * 2
    in_time = found(limit, good)
    assert (in_time.value, in_time.met) == (limit, True)
    assert in_time.goal.startswith(f"<= {limit}, with the bar")
    assert found(limit + 0.1, good).met is False
    assert found(limit, bad).met is False
    assert found(limit, gross).met is False


def test_a_model_from_scratch_has_its_own_rows():
    rows = rows_of(outcome([trial()], started_from="22 patients", minutes=4.0, scratch=variant("x", (1.0, 2.0, 4.0))))
    assert row(rows, "training from 22 patients").met is True
    assert row(rows, "training from scratch").met is True
    assert row(rows, "model from scratch, 3 X-rays", "median").value == 2.0


def test_what_was_not_trained_is_said():
    from_scratch = row(rows_of(outcome([trial()], started_from="22 patients")), "training from scratch")
    assert from_scratch.value.startswith("skipped: no model made_up_scratch;")
    assert "--from-scratch" in from_scratch.value
    assert from_scratch.met is None


def test_ablation_stands_beside_the_main_model_on_the_same_xrays():
    trials = [trial(1.0), trial(2.0), trial(3.0), trial(40.0)]
    plain = {"plain RANSAC": (1.0, 8.0, float("inf"), 40.0)}
    rows = rows_of(outcome(trials, ablation=[variant("published")], simpler=plain))
    found = row(rows, "ablation, published, 1000 steps of 8 X-rays, 50 min from scratch, 3 X-rays", "median")
    assert (found.value, found.peer_value, found.goal) == (7.0, 2.0, None)
    assert found.peer == "the main model, 1000 steps of 8 X-rays, 50 min from scratch"
    gross = row(rows, "ablation, plain RANSAC", "4 X-rays", "gross failures")
    assert (gross.value, gross.peer_value) == (50, 25)
    assert "ablation" not in [row.measure for row in rows]


def test_an_ablation_needs_no_main_model():
    rows = rows_of(PlaceOutcome(None, None, (variant("published"),)))
    found = row(rows, "ablation, published", "median")
    assert (found.value, found.peer) == (7.0, None)
    assert row(rows, PLACE.name, "training from scratch").met is None


def test_a_missing_ablation_is_said():
    rows = rows_of(outcome([trial()], simpler={"plain RANSAC": (5.0,)}))
    (found,) = (row for row in rows if row.measure == "ablation")
    assert found.value.startswith("skipped: no models")
