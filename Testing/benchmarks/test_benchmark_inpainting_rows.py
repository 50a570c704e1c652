"""The inpainting benchmark's rows about images and masks, from outcomes that are known."""

import json

import pytest

from inpainting_benchmark_support import outcome, spread
from xray3d.benchmarks.inpainting.mask_rows import clean_row, mask_rows
from xray3d.benchmarks.inpainting.methods import BIHARMONIC, CLASSICAL, NAVIER_STOKES, OCCLUDED, TELEA
from xray3d.benchmarks.inpainting.similarity_rows import best_classical, ranked, similarity_rows
from xray3d.benchmarks.table import to_json
from xray3d.inpainting.similarity import MEASURES

CLIPPED = "radiographs, clipped at white"


def rows_of(cases):
    rows = [*similarity_rows(cases), *mask_rows(cases)]
    json.loads(to_json(rows))
    return rows


def row(rows, *words, peer=None):
    (found,) = (row for row in rows if all(word in row.measure for word in words) and peer in (None, row.peer))
    return found


def test_every_measure_stands_beside_every_method_in_the_mask():
    rows = rows_of(spread(10))
    for measure in MEASURES.values():
        for method in (OCCLUDED, *CLASSICAL):
            found = row(rows, f"in the mask: {measure.name}", peer=method)
            assert (found.goal, found.met) == ("better, p < 0.01", True)
            assert (found.value > found.peer_value) is measure.grows


def test_worse_than_a_method_is_a_missed_goal_against_that_one_alone():
    rows = rows_of(spread(10, biharmonic=45.0))
    for measure in MEASURES.values():
        assert [
            row(rows, f"in the mask: {measure.name}", peer=method).met for method in (OCCLUDED, TELEA, BIHARMONIC)
        ] == [True, True, False]


def test_better_by_chance_is_not_better():
    cases = [outcome(ours) for ours in (19.0, 22.0, 18.5, 21.5, 20.5, 19.8)]
    found = row(rows_of(cases), "in the mask: peak", peer=TELEA)
    assert found.value > found.peer_value
    assert found.met is False


def test_the_interval_is_of_how_much_better():
    found = row(rows_of(spread(20, biharmonic=30.0)), "in the mask: peak", peer=BIHARMONIC)
    assert "better by 10 (95 % interval 9.8" in found.measure


@pytest.mark.parametrize(("test_set", "limit"), [("DRRs", 6), ("radiographs", 4)])
def test_the_bar_is_above_the_method_that_is_best_in_the_mean(test_set, limit):
    for margin, met in ((0.1, True), (-0.1, False)):
        cases = spread(5, 30.0 + limit + margin, test_set=test_set, navier_stokes=30.0, biharmonic=25.0)
        found = row(rows_of(cases), "gain over the best classical method")
        assert found.value == pytest.approx(limit + margin)
        assert (found.goal, found.met, found.peer) == (f">= {limit}", met, NAVIER_STOKES)


def test_without_one_of_the_methods_nobody_knows_which_is_best():
    missing = "not installed (No module named 'skimage'); get it by: make peers"
    rows = rows_of(spread(5, biharmonic=missing))
    found = row(rows, "gain over the best classical method")
    assert (found.value, found.met) == (f"no images of {BIHARMONIC}", None)
    for measure in MEASURES.values():
        found = row(rows, f"in the mask: {measure.name}", peer=BIHARMONIC)
        assert (found.peer_value, found.met) == (missing, None)
        assert row(rows, f"at its border: {measure.name}").peer != BIHARMONIC


def test_without_any_method_there_are_still_rows():
    rows = rows_of(spread(10, telea="failed", navier_stokes="failed", biharmonic="failed"))
    assert best_classical(spread(10, telea="failed", navier_stokes="failed", biharmonic="failed")) is None
    assert row(rows, "in the mask: peak", peer=OCCLUDED).met is True


def test_outside_of_the_mask_is_told_without_goals_beside_the_best():
    rows = rows_of(spread(10, telea=30.0))
    for region in ("at its border", "over the image"):
        for measure in MEASURES.values():
            found = row(rows, f"{region}: {measure.name}")
            assert (found.goal, found.met, found.peer) == (None, None, TELEA)


def test_what_is_not_finite_is_not_compared():
    found = row(rows_of([outcome(float("inf")), outcome()]), "in the mask: peak", peer=TELEA)
    assert (found.value, found.met) == ("without any error", None)


def test_one_case_proves_nothing():
    found = row(rows_of([outcome()]), "in the mask: peak", peer=TELEA)
    assert (found.value, found.met) == (40.0, None)


def test_clipped_and_simulated_x_rays_have_no_bar_and_clipped_ones_no_goals():
    for test_set in ("X-rays", CLIPPED):
        rows = rows_of(spread(5, test_set=test_set))
        assert not [row for row in rows if "best classical" in row.measure]
    assert not [row for row in rows if row.goal or row.met is not None]


@pytest.mark.parametrize(
    ("test_set", "dice", "met"),
    [("DRRs", 0.96, True), ("X-rays", 0.94, False), ("radiographs", 0.94, True), ("radiographs", 0.89, False)],
)
def test_metal_must_be_found(test_set, dice, met):
    cases = [outcome(test_set=test_set, dice=one) for one in (dice - 0.02, dice, dice + 0.02)]
    found = row(rows_of(cases), "Dice's coefficient, mean")
    assert (found.value, found.met) == (pytest.approx(dice), met)


def test_metal_where_there_is_none():
    assert row(rows_of([outcome(clean=False), outcome()]), "without metal and noise, 2: nothing found").value == 50
    for wrong, met in ((2, True), (3, False)):
        found = clean_row([False] * wrong + [True] * (100 - wrong))
        assert (found.value, found.goal, found.met) == (100 - wrong, ">= 98", met)


def test_the_best_gain_comes_first():
    cases = [outcome(30.0), outcome(45.0), outcome(35.0, nothing_done=5.0)]
    assert ranked(cases) == [cases[2], cases[1], cases[0]]
