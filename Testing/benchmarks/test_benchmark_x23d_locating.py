"""Which vertebrae are to be found on X-rays, and what rows say of those that were."""

import numpy as np
import pytest

from xray3d.benchmarks.x23d import locating
from xray3d.benchmarks.x23d.anatomies import names_to_find
from xray3d.benchmarks.x23d.locating import LevelOutcome, locating_rows, run_locating
from xray3d.datasets.synthetic_spine import synthetic_lumbar_spine
from xray3d.reconstruction.level_finding.found import Found
from xray3d.reconstruction.scenes import LabelledSpine


class Locator:
    """Finds L2 where it is, L3 beside, and takes L4 for L5."""

    def __init__(self, frames):
        self.middles = {level: frame[:3, 3] for level, frame in frames.items()}
        self.shown = []

    def locate(self, xrays):
        self.shown.append(len(xrays))
        places = {
            "L2": self.middles["L2"],
            "L3": self.middles["L3"] + [0.0, 6.0, 0.0],
            "L5": self.middles["L4"],
        }
        return [Found(level, middle, 1.0, 0.9, 2) for level, middle in places.items()]


def test_vertebrae_that_two_x_rays_show_are_to_be_found(monkeypatch):
    spine = LabelledSpine.of_synthetic(synthetic_lumbar_spine(seed=0, spacing_mm=3.0))
    locator = Locator(spine.frames)
    monkeypatch.setattr(locating, "load_spine", lambda *of: spine)
    monkeypatch.setattr(locating, "_locator", lambda model, reconstructs: locator)
    monkeypatch.setattr(locating, "_DRAWS", 1)
    outcomes = run_locating("real", "ct", None, "digest")
    assert locator.shown == [2, 4]
    of_two = {one.level: one.error_mm for one in outcomes if one.views == 2}
    assert {"L2", "L3", "L4"} <= set(of_two)
    assert of_two["L2"] == 0.0
    assert of_two["L3"] == pytest.approx(6.0)
    assert of_two["L4"] is None
    between = np.linalg.norm(locator.middles["L5"] - locator.middles["L4"])
    assert of_two.get("L5", between) == pytest.approx(between)


def test_rows_count_what_was_not_found_and_what_was_found_elsewhere_as_wrong():
    errors = [1.0, 4.9, 5.1, None]
    outcomes = [LevelOutcome("real", "ct", "L3", views, error) for views in (2, 4) for error in errors]
    right, found, median, *of_four = locating_rows(outcomes)
    assert (right.value, right.goal, right.met) == (50.0, ">= 95", False)
    assert "2 views, 4 vertebrae to be found" in right.measure
    assert (found.value, median.value) == (75.0, 4.9)
    assert len(of_four) == 3
    (right, *_) = locating_rows([LevelOutcome("real", "ct", "L3", views, 1.0) for views in (2, 4)])
    assert right.met


def test_where_nothing_is_found_no_error_is_told():
    _, found, median, *_ = locating_rows([LevelOutcome("real", "ct", "L3", views, None) for views in (2, 4)])
    assert (found.value, median.value) == (0.0, "none was found")


def test_what_the_network_that_reconstructs_learnt_from_is_found_without_it(monkeypatch):
    spine = LabelledSpine.of_synthetic(synthetic_lumbar_spine(seed=0, spacing_mm=3.0))
    told = []
    monkeypatch.setattr(locating, "load_spine", lambda *of: spine)
    monkeypatch.setattr(locating, "_locator", lambda model, reconstructs: told.append(reconstructs) or Nothing())
    monkeypatch.setattr(locating, "_DRAWS", 1)
    for name in names_to_find("real", 0):
        run_locating("real", name, None, "digest")
    assert told == [True, False]


class Nothing:
    """Finds nothing."""

    def locate(self, xrays):
        return []
