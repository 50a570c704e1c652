"""What the tests of the scene-coordinate benchmark share: outcomes of models that nobody trained."""

from types import SimpleNamespace

import numpy as np

from registration_benchmark_support import PLACE, error
from xray3d.benchmarks.scene_coordinates.outcomes import PartOutcome, PlaceOutcome, Trial, Variant
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


STRANGERS = ("chest of another patient", "blank image", "noise")


def main_outcome(trials, minutes=50.0, started_from="scratch", surface_mm=(1.0,), strangers=(), simpler=None):
    """What was measured of a main model; of every kind of stranger one has failed."""
    shown = [*((kind, "failed") for kind in STRANGERS), *strangers]
    of_strangers = [Trial(kind, None, None, verdict) for kind, verdict in shown]
    return PartOutcome(
        report(minutes, started_from), (*trials, *of_strangers), np.array(surface_mm), dict(simpler or {})
    )


def outcome(trials, scratch=None, ablation=(), **main):
    """What was measured at a place."""
    return PlaceOutcome(main_outcome(trials, **main), scratch, tuple(ablation))


def variant(name="published", mtre_mm=(5.0, 7.0, 9.0), minutes=50.0, started_from="scratch"):
    """A model of which only poses before refinement are measured."""
    return Variant(name, report(minutes, started_from), tuple(mtre_mm))
