"""What the tests of the scene-coordinate benchmark share: outcomes of models that nobody trained."""

from types import SimpleNamespace

import numpy as np

from registration_benchmark_support import PLACE, error
from xray3d.benchmarks.scene_coordinates.outcomes import MainOutcome, PlaceOutcome, Trial, Variant
from xray3d.benchmarks.scene_coordinates.places import KnownPlace

KNOWN = KnownPlace(PLACE, "made_up", has_ablation=True)


def report(minutes=50.0, started_from="scratch"):
    """A training's report."""
    return SimpleNamespace(steps=1000, batch=8, seconds=60.0 * minutes, started_from=started_from)


def trial(before_mm=2.0, after_mm=0.3, verdict="accepted", condition="whole view"):
    """A trial with these mTREs; None for no pose."""
    located, final = (None if mm is None else error(mm) for mm in (before_mm, after_mm))
    return Trial(condition, located, final, verdict)


REFUSED = trial(None, None, "failed")


def main_outcome(trials, minutes=50.0, started_from="scratch", surface_mm=(1.0,), strangers=(), simpler=()):
    """What was measured of a main model."""
    kinds = ("chest of another patient", "blank image", "noise")
    shown = (*((kind, "failed") for kind in kinds), *strangers)
    return MainOutcome(report(minutes, started_from), tuple(trials), np.array(surface_mm), shown, tuple(simpler))


def outcome(trials, started=None, ablation=(), **main):
    """What was measured at a place."""
    return PlaceOutcome(main_outcome(trials, **main), started, tuple(ablation))


def variant(name="published", mtre_mm=(5.0, 7.0, 9.0), minutes=50.0, started_from="scratch"):
    """A model of which only poses before refinement are measured."""
    return Variant(name, report(minutes, started_from), tuple(mtre_mm))
