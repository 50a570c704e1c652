"""Which registrations the benchmark runs, with which X-rays, masks and starts; and that refused ones count."""

from dataclasses import replace

import numpy as np
import pytest

from registration_benchmark_support import PLACE, KnowingRegistrar, blank_pair, unseen_anatomy
from xray3d.benchmarks.registration import trials
from xray3d.benchmarks.registration.rows import is_right
from xray3d.benchmarks.registration.trials import BIN_MM, MAX_DEG, MAX_MM, Plan, run_place

PLAN = Plan(pairs=2, starts=4, starts_without_goal=4, starts_per_bin=3, farthest_mm=15.0)


@pytest.fixture
def measure(monkeypatch, tmp_path):
    """Runs the plan at a place with a registrar, on X-rays that bear their conditions as names."""

    def take_view_pair(anatomy, renderer, seed, with_screws=False):
        return blank_pair("with screws" if with_screws else renderer, with_screws)

    def run(registrar, place=PLACE):
        monkeypatch.setattr(trials, "load_anatomy", lambda *arguments: unseen_anatomy(place))
        monkeypatch.setattr(trials, "with_moved_soft_tissue", lambda ct, seed: "moved")
        monkeypatch.setattr(trials, "DRRRenderer", lambda ct: ct if ct == "moved" else "plain")
        monkeypatch.setattr(trials, "take_view_pair", take_view_pair)
        monkeypatch.setattr(trials, "Registrar", lambda ct: registrar)
        return [trial for purpose in ("accuracy", "range") for trial in run_place(place, tmp_path, PLAN, purpose)]

    return run


def counts(found):
    """How many trials there are of each purpose, condition and number of views."""
    kinds = [(trial.purpose, trial.condition, trial.views) for trial in found]
    return {kind: kinds.count(kind) for kind in kinds}


def test_every_start_is_registered_in_every_condition(measure):
    accuracy = {
        ("accuracy", condition, views): 4
        for condition in ("as in the CT", "screws, masked", "soft tissue moved")
        for views in (1, 2)
    }
    conditions = ("as in the CT", "screws, masked", "screws, not masked")
    expected = accuracy | {("accuracy", "screws, not masked", 2): 4} | {("range", name, 2): 9 for name in conditions}
    assert counts(measure(KnowingRegistrar())) == expected


def test_soft_tissue_that_the_ct_lacks_is_not_moved(measure):
    found = measure(KnowingRegistrar(), replace(PLACE, has_soft_tissue=False))
    assert "soft tissue moved" not in {trial.condition for trial in found}
    assert ("accuracy", "as in the CT", 2) in counts(found)


def test_conditions_have_their_own_xrays_and_only_masked_screws_a_mask(measure):
    registrar = KnowingRegistrar()
    found = measure(registrar)
    shown = {"as in the CT": "plain", "soft tissue moved": "moved"}
    for trial, (names, masks) in zip(found, registrar.calls, strict=True):
        assert names == (shown.get(trial.condition, "with screws"),) * trial.views
        if trial.condition == "screws, masked":
            assert len(masks) == trial.views
            assert all(mask.all() for mask in masks)
        else:
            assert masks is None


def test_starts_lie_within_their_limits_and_bins(measure):
    found = measure(KnowingRegistrar())
    accuracy = [trial.initial for trial in found if trial.purpose == "accuracy"]
    assert 0 < max(start.rotation_deg for start in accuracy) <= MAX_DEG + 1e-6
    assert 0 < max(start.translation_mm for start in accuracy) <= MAX_MM + 1e-6
    distances = [trial.initial.mtre_mm for trial in found if trial.purpose == "range"]
    assert np.bincount((np.array(distances) // BIN_MM).astype(int)).tolist() == [9, 9, 9]


def test_what_the_registration_finds_is_what_counts(measure):
    for trial in measure(KnowingRegistrar()):
        assert trial.final.mtre_mm == pytest.approx(0.0, abs=1e-6)
        assert (trial.verdict, trial.predicted_mm, trial.seconds) == ("accepted", (1.0, 0.5), 0.5)
        assert is_right(trial)


def test_a_refused_start_is_a_failure_with_its_own_error(measure):
    found = measure(KnowingRegistrar(refused=["with screws"]))
    refused = [trial for trial in found if "screws" in trial.condition]
    assert len(refused) == 4 * 3 + 9 * 2
    assert len(found) == len(measure(KnowingRegistrar()))
    for trial in refused:
        assert trial.final == trial.initial
        assert trial.verdict == "failed"
    assert {trial.verdict for trial in found if "screws" not in trial.condition} == {"accepted"}
