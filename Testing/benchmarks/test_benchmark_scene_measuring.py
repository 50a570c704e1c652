"""Which X-rays are placed and registered by which models, and what becomes of those that are refused."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from registration_benchmark_support import PLACE, unseen_anatomy
from scene_benchmark_support import report
from xray3d import Projection, XRayImage
from xray3d.benchmarks.model_folders import ModelFolder
from xray3d.benchmarks.scene_coordinates import measuring
from xray3d.benchmarks.scene_coordinates.measuring import BY_RANSAC, MATCHED, run_part
from xray3d.benchmarks.scene_coordinates.outcomes import joined
from xray3d.benchmarks.scene_coordinates.places import KnownPlace
from xray3d.benchmarks.scene_coordinates.plan import Wanted
from xray3d.benchmarks.scene_coordinates.xrays import Case, Part
from xray3d.datasets.pose_range import PoseRange
from xray3d.errors import BlankXRayError, GeometryError, ModelError, NotRecognisedError
from xray3d.registration.pose_space import world_motion
from xray3d.registration.result import not_registered
from xray3d.registration.scene_correspondences import SceneCoordinateMaps
from xray3d.registration.scene_pose import pose_from_scene_coordinates
from xray3d.registration.scene_regression.locating import Located
from xray3d.registration.scene_regression.placing import Placed

KNOWN = KnownPlace(PLACE, "made_up")
MAIN = ModelFolder(Path("main"), "1")
WHOLE, LOCAL, MASKED = "whole view", "local view, a third of the side", "screws, masked"
REGISTERED = Wanted(registered=True)
VIEW = Projection.from_carm(20, -10, PLACE.isocenter_ras, 1020, 700, (24, 24), (10.0, 10.0))
# The maps of an X-ray are exact; the model's own poses are this far beside.
BESIDE_MM, MATCHED_BESIDE_MM = 3.0, 15.0


def beside(by_mm):
    return world_motion([by_mm, 0, 0, 0, 0, 0], PLACE.isocenter_ras)


def xray(name):
    return XRayImage(np.zeros(VIEW.size_px), VIEW, name)


def exact_maps():
    """Points on the rays of `VIEW`, at any depth."""
    rng = np.random.default_rng(0)
    rows, columns = np.indices(VIEW.size_px)
    depths = [rng.uniform(low, low + 60, VIEW.size_px) for low in (640, 720)]
    points = [VIEW.unproject(np.stack([columns, rows], axis=-1), depth) for depth in depths]
    sigma = np.ones(VIEW.size_px)
    return SceneCoordinateMaps(*points, sigma, sigma, rows > 11)


class Model:
    """Puts X-rays `BESIDE_MM` beside where they are, but for those that it refuses."""

    def __init__(self, refused=(), of_other_ct=False):
        self.refused, self.of_other_ct = refused, of_other_ct
        self.report, self.bone_hu = report(), 321.0
        self.seen = []

    def require_ct(self, ct):
        if self.of_other_ct:
            raise ModelError("The model was trained for another CT.")

    def locate(self, xrays, masks=None, seed=0, breathe=None):
        (image,) = xrays
        self.seen.append((image.name, None if masks is None else masks[0]))
        if image.name in self.refused:
            raise NotRecognisedError("The model does not recognise what it knows.")
        if image.name.startswith("blank"):
            raise BlankXRayError("The image shows nothing.")
        maps = exact_maps()
        pose = pose_from_scene_coordinates([maps], [VIEW])
        matched = (VIEW.moved(beside(MATCHED_BESIDE_MM)),)
        return Located((VIEW.moved(beside(BESIDE_MM)),), Placed(matched, pose, (maps,), ()))

    @property
    def model(self):
        return self


class Registrar:
    """Finds the truth from anywhere, but of X-rays that do not show the CT; noise it doubts."""

    out_of_view = ()

    def __init__(self, ct):
        self.ct = ct

    def register(self, xrays, initial, **options):
        (image,) = xrays
        if image.name in self.out_of_view:
            raise GeometryError("The CT does not cover what the X-ray shows.")
        verdict = "doubtful" if image.name.startswith("noise") else "accepted"
        return replace(not_registered([image.projection], "", 0.1), verdict=verdict)


class Bone:
    """Everything is 2 mm from it."""

    asked = ()

    def __init__(self, ct, bone_hu, poses):
        Bone.asked = (*Bone.asked, (ct, bone_hu, poses))

    def distances_mm(self, points):
        return np.full(len(points), 2.0)


@pytest.fixture
def measure(monkeypatch, tmp_path):
    """Measures a model on X-rays that bear their conditions and numbers as names."""
    mask = np.full(VIEW.size_px, True)
    taken = SimpleNamespace(poses=[])

    def take(part, poses=None):
        taken.poses.append(poses)
        with_mask = mask if part.condition == MASKED else None
        return [Case(part.condition, xray(f"{part.condition} {n}"), with_mask) for n in part.numbers]

    def located_by(model, ct):
        model.require_ct(ct)
        return model

    def run(model, part, wanted=REGISTERED, out_of_view=()):
        monkeypatch.setattr(measuring, "take_cases", lambda anatomy, renderer, poses, part: take(part, poses))
        monkeypatch.setattr(measuring, "take_strangers", lambda folder, part: take(part))
        monkeypatch.setattr(measuring, "load_anatomy", lambda place, folder: unseen_anatomy(place))
        monkeypatch.setattr(measuring, "DRRRenderer", lambda ct: None)
        monkeypatch.setattr(measuring, "Registrar", Registrar)
        monkeypatch.setattr(measuring, "Locator", located_by)
        monkeypatch.setattr(measuring, "VisibleBone", Bone)
        monkeypatch.setattr(measuring.SceneCoordinateModel, "load", lambda folder: model)
        monkeypatch.setattr(Registrar, "out_of_view", out_of_view)
        monkeypatch.setattr(Bone, "asked", ())
        for kept in (measuring._subject, measuring._locator, measuring._visible_bone):
            kept.cache_clear()
        return run_part(KNOWN, MAIN, tmp_path, part, wanted)

    run.taken = taken
    return run


def test_every_xray_is_placed_once_and_registered_from_there(measure):
    model = Model()
    found = measure(model, Part(WHOLE, 3, 4))
    assert [name for name, _ in model.seen] == [f"whole view {n}" for n in range(3, 7)]
    assert len(found.of(WHOLE)) == 4
    for trial in found.trials:
        assert trial.located.mtre_mm == pytest.approx(BESIDE_MM)
        assert trial.final.mtre_mm == pytest.approx(0.0, abs=1e-9)
        assert trial.verdict == "accepted"
    assert found.report is model.report
    assert (len(found.surface_mm), found.simpler) == (0, {})
    assert measure.taken.poses == [PoseRange(PLACE.isocenter_ras)]


def test_where_no_registration_is_wanted_there_is_none(measure):
    (trial,) = measure(Model(), Part(WHOLE, 0, 1), Wanted()).trials
    assert trial.located.mtre_mm == pytest.approx(BESIDE_MM)
    assert (trial.final, trial.verdict) == (None, "failed")


@pytest.mark.parametrize(("condition", "masked"), [(WHOLE, False), (LOCAL, False), (MASKED, True)])
@pytest.mark.parametrize("wanted", [REGISTERED, Wanted()])
def test_masks_are_used(measure, condition, masked, wanted):
    model = Model()
    measure(model, Part(condition, 0, 2), wanted)
    assert [mask is not None for _, mask in model.seen] == [masked] * 2


def test_what_the_model_refuses_has_no_pose(measure):
    found = measure(Model(refused=["whole view 1"]), Part(WHOLE, 0, 3)).trials
    assert (found[1].located, found[1].final, found[1].verdict) == (None, None, "failed")
    assert all(trial.final is not None for number, trial in enumerate(found) if number != 1)


def test_a_pose_that_cannot_be_refined_counts_before_refinement_only(measure):
    found = measure(Model(), Part(WHOLE, 0, 3), out_of_view=["whole view 2"]).trials
    assert found[2].located.mtre_mm == pytest.approx(BESIDE_MM)
    assert (found[2].final, found[2].verdict) == (None, "failed")


@pytest.mark.parametrize(
    ("kind", "refused", "out_of_view", "verdict"),
    [
        ("chest of another patient", False, False, "accepted"),
        ("chest of another patient", True, False, "failed"),
        ("chest of another patient", False, True, "failed"),
        ("blank image", False, False, "failed"),
        ("noise", False, False, "doubtful"),
    ],
)
def test_strangers_have_a_verdict_and_no_error(measure, kind, refused, out_of_view, verdict):
    name = f"{kind} 0"
    model = Model(refused=[name] if refused else [])
    (trial,) = measure(model, Part(kind, 0, 1), out_of_view=[name] if out_of_view else ()).trials
    assert (trial.condition, trial.located, trial.final, trial.verdict) == (kind, None, None, verdict)


@pytest.mark.parametrize(("refused", "views"), [([], 2), ([0], 1), ([0, 1], 0)])
def test_points_are_those_of_all_xrays_that_have_any(measure, refused, views):
    model = Model(refused=[f"whole view {n}" for n in refused])
    found = measure(model, Part(WHOLE, 0, 2), replace(REGISTERED, surface=True))
    np.testing.assert_array_equal(found.surface_mm, np.full(views * 2 * 12 * 24, 2.0))
    asked = [(bone_hu, poses) for _, bone_hu, poses in Bone.asked]
    assert asked == [(321.0, PoseRange(PLACE.isocenter_ras))] * (views > 0)


def test_simpler_poses_are_of_the_same_xrays(measure):
    model = Model(refused=["whole view 0"])
    found = measure(model, Part(WHOLE, 0, 2), Wanted(ransac=True, matched=True)).simpler
    assert found == {BY_RANSAC: (np.inf, pytest.approx(0, abs=0.01)), MATCHED: (np.inf, pytest.approx(15, abs=0.01))}
    assert measure(model, Part(WHOLE, 0, 2), Wanted(ransac=True)).simpler.keys() == {BY_RANSAC}


def test_parts_of_a_model_are_joined(measure):
    first = measure(Model(), Part(WHOLE, 0, 1), Wanted(registered=True, surface=True, ransac=True))
    second = measure(Model(refused=["whole view 1"]), Part(WHOLE, 1, 1), Wanted(registered=True, ransac=True))
    whole = joined([first, second])
    assert whole.trials == (*first.trials, *second.trials)
    assert len(whole.surface_mm) == len(first.surface_mm)
    alone, by_ransac = whole.variants("first")
    assert (alone.name, by_ransac.name) == ("first", f"first, {BY_RANSAC}")
    assert alone.mtre_mm == (pytest.approx(BESIDE_MM), np.inf)
    assert by_ransac.mtre_mm == (pytest.approx(0, abs=0.01), np.inf)
    assert [variant.name for variant in whole.variants(None)] == [BY_RANSAC]


def test_a_model_of_another_ct_is_refused_before_xrays_are_taken(measure):
    with pytest.raises(ModelError, match="another CT"):
        measure(Model(of_other_ct=True), Part(WHOLE, 0, 1))
    assert not measure.taken.poses
