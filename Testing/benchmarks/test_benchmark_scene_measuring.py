"""Which X-rays are placed and registered by which models, and what becomes of those that are refused."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from registration_benchmark_support import PLACE, unseen_anatomy
from scene_benchmark_support import report
from xray3d import Projection, XRayImage
from xray3d.benchmarks.scene_coordinates import measuring
from xray3d.benchmarks.scene_coordinates.measuring import run_place
from xray3d.benchmarks.scene_coordinates.places import KnownPlace, Models
from xray3d.benchmarks.scene_coordinates.xrays import Case, Plan
from xray3d.datasets.pose_range import PoseRange
from xray3d.errors import BlankXRayError, GeometryError, ModelError, NotRecognisedError
from xray3d.registration.pose_space import world_motion
from xray3d.registration.result import not_registered
from xray3d.registration.scene_correspondences import SceneCoordinateMaps
from xray3d.registration.scene_pose import pose_from_scene_coordinates
from xray3d.registration.scene_regression.locating import Located
from xray3d.registration.scene_regression.placing import Placed

KNOWN = KnownPlace(PLACE, "made_up")
PLAN = Plan(whole=6, targets=4, compared=2, local=1, screws=1, strangers=1)
MAIN, STARTED, ABLATION = Path("main"), Path("started"), (Path("ablation/first"), Path("ablation/second"))
LOCAL = "local view, a third of the side"
VIEW = Projection.from_carm(20, -10, PLACE.isocenter_ras, 1020, 700, (24, 24), (10.0, 10.0))
# The maps of an X-ray are exact; the model's own poses are this far beside.
BESIDE_MM, RECOGNISED_BESIDE_MM, LIKELIEST_BESIDE_MM = 3.0, 7.0, 15.0


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

    def __init__(self, name="main", refused=(), of_other_ct=False, compares=True):
        self.name, self.refused, self.of_other_ct = name, refused, of_other_ct
        self.network = SimpleNamespace(compares=compares)
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
        if image.name == "blank":
            raise BlankXRayError("The image shows nothing.")
        maps = exact_maps()
        pose = pose_from_scene_coordinates([maps], [VIEW])
        recognised = replace(pose, projections=(VIEW.moved(beside(RECOGNISED_BESIDE_MM)),))
        return Located(
            (VIEW.moved(beside(BESIDE_MM)),),
            Placed((VIEW.moved(beside(LIKELIEST_BESIDE_MM)),), recognised, pose, (maps,)),
        )


class Registrar:
    """Finds the truth from anywhere, but of X-rays that do not show the CT; noise it doubts."""

    out_of_view = ()

    def __init__(self, ct):
        self.ct = ct

    def register(self, xrays, initial, **options):
        (image,) = xrays
        if image.name in self.out_of_view:
            raise GeometryError("The CT does not cover what the X-ray shows.")
        verdict = "doubtful" if image.name == "noise" else "accepted"
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
    """Runs the plan with models by their folders, on X-rays that bear their conditions and numbers as names."""
    taken = SimpleNamespace(plan=None, strangers=None)

    def take_cases(anatomy, poses, plan):
        taken.plan, taken.poses = plan, poses
        screws = [(xray(f"screws {n}"), np.full(VIEW.size_px, True)) for n in range(plan.screws)]
        return [
            *(Case("whole view", xray(f"whole {n}")) for n in range(plan.whole)),
            *(Case(LOCAL, xray(f"local {n}")) for n in range(plan.local)),
            *(Case("screws, not masked", image) for image, _ in screws),
            *(Case("screws, masked", image, mask) for image, mask in screws),
        ]

    def take_strangers(folder, count):
        taken.strangers = (folder, count)
        kinds = ("chest of another patient", "blank image", "noise")
        return [(kind, xray(name)) for kind, name in zip(kinds, ("chest", "blank", "noise"), strict=True)]

    def run(models, known=KNOWN, out_of_view=()):
        folders = Models(
            MAIN if MAIN in models else None,
            STARTED if STARTED in models else None,
            tuple(folder for folder in ABLATION if folder in models),
        )
        monkeypatch.setattr(measuring, "take_cases", take_cases)
        monkeypatch.setattr(measuring, "take_strangers", take_strangers)
        monkeypatch.setattr(measuring, "load_anatomy", lambda place, folder: unseen_anatomy(place))
        monkeypatch.setattr(measuring, "Registrar", Registrar)
        monkeypatch.setattr(measuring, "Locator", lambda model, ct: model)
        monkeypatch.setattr(measuring, "VisibleBone", Bone)
        monkeypatch.setattr(measuring.SceneCoordinateModel, "load", lambda folder: models[folder])
        monkeypatch.setattr(Registrar, "out_of_view", out_of_view)
        monkeypatch.setattr(Bone, "asked", ())
        return run_place(known, folders, tmp_path, PLAN)

    run.taken = taken
    return run


def by_condition(trials):
    return {condition: [t for t in trials if t.condition == condition] for condition in {t.condition for t in trials}}


def test_every_xray_is_placed_once_and_registered_from_there(measure):
    model = Model()
    found = measure({MAIN: model}).main
    counts = {condition: len(trials) for condition, trials in by_condition(found.trials).items()}
    assert counts == {"whole view": 6, LOCAL: 1, "screws, not masked": 1, "screws, masked": 1}
    for trial in found.trials:
        assert trial.located.mtre_mm == pytest.approx(BESIDE_MM)
        assert trial.final.mtre_mm == pytest.approx(0.0, abs=1e-9)
        assert trial.verdict == "accepted"
    whole = [f"whole {n}" for n in range(6)]
    others = ["local 0", "screws 0", "screws 0", "chest", "blank", "noise"]
    assert [name for name, _ in model.seen] == [*whole, *others]
    assert found.report is model.report


def test_only_masked_screws_have_a_mask(measure):
    model = Model()
    measure({MAIN: model})
    masks = [mask for name, mask in model.seen if name == "screws 0"]
    assert masks[0] is None
    assert masks[1].all()
    assert [mask for name, mask in model.seen if name != "screws 0"] == [None] * 10


def test_what_the_model_refuses_has_no_pose(measure):
    found = measure({MAIN: Model(refused=["whole 1"])}).main.trials
    assert (found[1].located, found[1].final, found[1].verdict) == (None, None, "failed")
    assert all(trial.final is not None for number, trial in enumerate(found) if number != 1)


def test_a_pose_that_cannot_be_refined_counts_before_refinement_only(measure):
    found = measure({MAIN: Model()}, out_of_view=["whole 2"]).main.trials
    assert found[2].located.mtre_mm == pytest.approx(BESIDE_MM)
    assert (found[2].final, found[2].verdict) == (None, "failed")


@pytest.mark.parametrize(("refused", "chest"), [([], "accepted"), (["chest"], "failed")])
def test_strangers_have_the_verdict_of_their_registration(measure, tmp_path, refused, chest):
    found = measure({MAIN: Model(refused=refused)})
    expected = (("chest of another patient", chest), ("blank image", "failed"), ("noise", "doubtful"))
    assert found.main.strangers == expected
    assert measure.taken.strangers == (tmp_path, 1)


def test_a_stranger_that_cannot_be_registered_has_failed(measure):
    assert measure({MAIN: Model()}, out_of_view=["chest"]).main.strangers[0][1] == "failed"


@pytest.mark.parametrize(("refused", "views"), [([], 2), (["whole 0"], 1), (["whole 0", "whole 1"], 0)])
def test_points_are_those_of_the_first_whole_views_that_have_any(measure, refused, views):
    found = measure({MAIN: Model(refused=refused)}).main
    np.testing.assert_array_equal(found.surface_mm, np.full(views * 2 * 12 * 24, 2.0))
    asked = [(bone_hu, poses) for _, bone_hu, poses in Bone.asked]
    assert asked == [(321.0, PoseRange(PLACE.isocenter_ras))] * (views > 0)


def test_views_are_drawn_about_the_isocentre_of_the_place(measure):
    measure({MAIN: Model()})
    assert measure.taken.poses == PoseRange(PLACE.isocenter_ras)


def test_other_models_place_whole_views_only(measure):
    started, first, second = (Model(name, refused=["whole 1"]) for name in ("started", "first", "second"))
    found = measure({MAIN: Model(), STARTED: started, ABLATION[0]: first, ABLATION[1]: second})
    assert [name for name, _ in started.seen] == [f"whole {n}" for n in range(4)]
    assert [name for name, _ in first.seen] == ["whole 0", "whole 1"]
    assert found.started.mtre_mm == (pytest.approx(BESIDE_MM), np.inf, *[pytest.approx(BESIDE_MM)] * 2)
    assert [variant.name for variant in found.ablation] == ["first", "second"]
    assert found.ablation[1].mtre_mm == (pytest.approx(BESIDE_MM), np.inf)
    assert found.ablation[1].report is second.report


def test_a_model_that_only_recognises_has_the_published_poses_too(measure):
    found = measure({ABLATION[0]: Model(compares=False, refused=["whole 1"]), ABLATION[1]: Model()}).ablation
    assert [variant.name for variant in found] == ["first", "first, poses by plain RANSAC, all pixels alike", "second"]
    assert found[0].mtre_mm == (pytest.approx(BESIDE_MM), np.inf)
    assert found[1].mtre_mm == (pytest.approx(0.0, abs=0.01), np.inf)


def test_without_a_main_model_only_what_others_need_is_taken(measure):
    found = measure({ABLATION[0]: Model()})
    assert (found.main, found.started, len(found.ablation)) == (None, None, 1)
    assert measure.taken.plan == Plan(whole=4, targets=4, compared=2, local=0, screws=0, strangers=0)
    assert measure.taken.strangers is None


@pytest.mark.parametrize("has_ablation", [True, False])
def test_simpler_poses_are_of_the_same_xrays_where_there_is_an_ablation(measure, has_ablation):
    found = measure({MAIN: Model(refused=["whole 0"])}, replace(KNOWN, has_ablation=has_ablation))
    if not has_ablation:
        assert found.main.simpler == ()
        return
    likeliest, recognised, by_ransac = found.main.simpler
    assert likeliest.mtre_mm[0] == recognised.mtre_mm[0] == by_ransac.mtre_mm[0] == np.inf
    assert likeliest.mtre_mm[1] == pytest.approx(LIKELIEST_BESIDE_MM, abs=0.01)
    assert recognised.mtre_mm[1] == pytest.approx(RECOGNISED_BESIDE_MM, abs=0.01)
    assert by_ransac.mtre_mm[1] < 0.01
    assert found.variants == [likeliest, recognised, by_ransac]


@pytest.mark.parametrize("folder", [MAIN, STARTED, ABLATION[1]])
def test_a_model_of_another_ct_is_refused_before_xrays_are_taken(measure, folder):
    models = {known: Model() for known in (MAIN, STARTED, *ABLATION)}
    with pytest.raises(ModelError, match="another CT"):
        measure(models | {folder: Model(of_other_ct=True)})
    assert measure.taken.plan is None
