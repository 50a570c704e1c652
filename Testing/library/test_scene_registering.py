"""Registration that a model begins: X-rays from anywhere, and X-rays that the model does not know."""

from dataclasses import replace

import numpy as np
import pytest

from registration_support import CENTRE, FRONTAL, LATERAL, ROUGH, error_mm, motion, patient, registrar
from scene_locating_support import (
    FAR,
    SHOWS_NOTHING,
    from_afar,
    untrained,
)
from scene_training_support import untrained_model
from xray3d import CTVolume, XRayImage
from xray3d.errors import ModelError, VolumeError, XRay3DError
from xray3d.registration.register import Registrar
from xray3d.registration.result import not_registered
from xray3d.registration.scene_pose import ScenePose
from xray3d.registration.scene_regression.locating import Located, Locator
from xray3d.registration.scene_regression.placing import Placed
from xray3d.registration.scene_regression.registering import register_with_model


def located_at(off: np.ndarray, views, share: float = 0.6):
    """A `locate` that finds X-rays of these views, off by a motion."""

    def locate(locator, given, masks=None, seed=0, breathe=None):
        transform = off @ np.linalg.inv(FAR)
        moved = tuple(xray.projection.moved(transform) for xray in given)
        pose = ScenePose(moved, transform, True, share, (share,) * len(given), 1.0, 1.0, np.eye(6), CENTRE)
        for projection, view in zip(moved, views, strict=True):
            np.testing.assert_allclose(projection.extrinsic, view.moved(off).extrinsic, atol=1e-6)
        return Located(moved, Placed(None, pose, (), ()))

    return locate


@pytest.mark.parametrize("views", [(FRONTAL, LATERAL), (FRONTAL,)], ids=len)
def test_the_whole_transform_is_from_where_the_xrays_were(monkeypatch, views):
    monkeypatch.setattr(Locator, "locate", located_at(ROUGH, views))
    told = []
    given = from_afar(*views)
    found = register_with_model(registrar(), untrained(), given, search="off", progress=lambda *of: told.append(of))
    result = found.result
    for xray, projection in zip(given, result.projections, strict=True):
        np.testing.assert_allclose(
            projection.extrinsic, xray.projection.moved(result.transform_ras).extrinsic, atol=1e-6
        )
        assert projection.size_px == xray.projection.size_px
    assert error_mm(result.projections, views) < 1.5, "the intensities put right what the model left"
    assert error_mm([view.moved(ROUGH) for view in views], views) > 5
    assert result.verdict == "accepted"
    assert result.inlier_share == 0.6
    shares = [done for _, done in told]
    assert told[0] == ("Recognising the anatomy", 0.0)
    assert shares == sorted(shares)
    assert shares[1] >= 0.2
    assert shares[-1] <= 1


@pytest.mark.parametrize(
    ("verdicts", "alike", "search", "which"),
    [
        ({"off": "accepted"}, 0.0, "auto", "off"),
        ({"off": "doubtful", "auto": "accepted"}, 0.9, "auto", "auto"),
        ({"off": "doubtful", "auto": "accepted"}, 0.5, "auto", "off"),
        ({"off": "doubtful", "auto": "doubtful"}, 2.0, "auto", "off"),
        ({"off": "failed", "wide": "failed"}, 2.0, "wide", "off"),
        ({"off": "failed"}, 2.0, "off", "off"),
    ],
)
def test_only_a_search_that_is_sure_and_looks_right_leads_away_from_where_the_model_led(
    monkeypatch, verdicts, alike, search, which
):
    asked, told = [], []

    def register(self, given, initial, search, progress, **options):
        asked.append(search)
        progress("here", 0.0)
        progress("there", 1.0)
        aside = [view.moved(motion([90, 0, 0], [0, 0, 0])) for view in initial]
        return replace(not_registered(aside, search, 0.1), verdict=verdicts[search])

    def likeness(self, located, views):
        return 0.05 * (1.0 if views is located.projections else alike)

    monkeypatch.setattr(Locator, "locate", located_at(ROUGH, [FRONTAL]))
    monkeypatch.setattr(Locator, "likeness", likeness)
    monkeypatch.setattr(Registrar, "register", register)
    found = register_with_model(
        registrar(), untrained(), from_afar(FRONTAL), search=search, progress=lambda *of: told.append(of)
    )
    assert asked == list(verdicts)
    assert (found.result.verdict, found.result.reason) == (verdicts[which], which)
    off_mm = error_mm(found.result.projections, [FRONTAL.moved(ROUGH)])
    assert off_mm == pytest.approx(0.0 if verdicts[which] == "failed" else 90.0, abs=0.1)
    shares = [done for _, done in told]
    assert shares == sorted(shares)
    assert shares[-1] <= 1


def test_everything_that_counts_reaches_both_steps(monkeypatch):
    mask = np.zeros(FRONTAL.size_px, bool)
    reached = {}

    def locate(locator, given, masks=None, seed=0, breathe=None):
        reached["locate"] = (masks, seed)
        return located_at(np.eye(4), [FRONTAL])(locator, given)

    def register(self, given, initial, **options):
        reached["register"] = options
        raise VolumeError("far enough")

    monkeypatch.setattr(Locator, "locate", locate)
    monkeypatch.setattr(Registrar, "register", register)
    with pytest.raises(VolumeError, match="far enough"):
        register_with_model(registrar(), untrained(), from_afar(FRONTAL), masks=[mask], seed=5)
    assert reached["locate"] == ([mask], 5)
    assert reached["register"]["masks"] == [mask]
    assert reached["register"]["seed"] == 5


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (lambda: [XRayImage(np.full(FRONTAL.size_px, 3.0), FRONTAL.moved(FAR), "X-ray 1")], SHOWS_NOTHING),
        (lambda: from_afar(FRONTAL, LATERAL), "does not recognise what it knows of ct.nrrd in X-ray 1 and X-ray 2"),
    ],
    ids=["blank", "not recognised"],
)
def test_what_is_not_recognised_failed_and_stays_where_it_is(given, reason):
    images = given()
    found = register_with_model(registrar(), untrained(), images)
    result = found.result
    assert found.located is None
    assert (result.verdict, result.converged) == ("failed", False)
    assert reason in result.reason
    np.testing.assert_array_equal(result.transform_ras, np.eye(4))
    assert [projection.matrix.tolist() for projection in result.projections] == [
        xray.projection.matrix.tolist() for xray in images
    ]
    assert result.inlier_share == 0
    assert len(result.similarities) == len(images)
    assert np.isinf([result.error_along_mm, result.error_across_mm]).all()
    assert result.seconds > 0


def test_a_model_of_another_ct_is_refused():
    ct = patient().ct
    other = CTVolume(ct.hu[1:], ct.ijk_to_ras, "other.nrrd")
    with pytest.raises(ModelError, match="trained for ct.nrrd, which is another CT than other.nrrd"):
        Locator(untrained_model("ct.nrrd"), other)


def test_a_search_that_is_none_is_refused():
    with pytest.raises(XRay3DError, match="off, auto, wide"):
        register_with_model(registrar(), untrained(), from_afar(FRONTAL), search="far")


@pytest.mark.parametrize("after", [0, 2])
def test_it_ends_at_any_moment(monkeypatch, after):
    monkeypatch.setattr(Locator, "locate", located_at(ROUGH, [FRONTAL]))
    told = []

    def cancel(*of):
        told.append(of)
        if len(told) > after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        register_with_model(registrar(), untrained(), from_afar(FRONTAL), progress=cancel)
