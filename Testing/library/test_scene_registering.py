"""Registration that a model begins: X-rays from anywhere, and X-rays that the model does not know."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from registration_support import CENTRE, FRONTAL, LATERAL, ROUGH, carm, error_mm, motion, patient, registrar, xrays
from scene_training_support import untrained_model
from xray3d import CTVolume, Projection, XRayImage
from xray3d.drr.scene_coordinates import SceneCoordinateRenderer
from xray3d.errors import BlankXRayError, GeometryError, ModelError, NotRecognisedError, VolumeError, XRay3DError
from xray3d.registration.register import Registrar
from xray3d.registration.scene_pose import ScenePose
from xray3d.registration.scene_regression.conventions import COORDINATE_MM, STRIDE
from xray3d.registration.scene_regression.guess import Guess
from xray3d.registration.scene_regression.locating import Located, Locator, Placed
from xray3d.registration.scene_regression.network import Prediction
from xray3d.registration.scene_regression.observation import Picture, picture_of
from xray3d.registration.scene_regression.picture import network_input
from xray3d.registration.scene_regression.registering import register_with_model
from xray3d.registration.views import prepare_view

# Far from any start that an intensity registration would find.
FAR = motion([300, -150, 200], [70, -100, 40], about=(0, 0, 0))
VIEWS = (FRONTAL, LATERAL, carm(35, 15, size_px=(80, 120), pixel_mm=(2.5, 2.5)))
SHOWS_NOTHING = "X-ray 1 shows nothing"


@cache
def taken() -> dict[Projection, XRayImage]:
    """X-rays of the views, where they were taken."""
    return {view: xrays(view)[0] for view in VIEWS}


def from_afar(*views: Projection, grey=lambda integrals: integrals) -> list[XRayImage]:
    """The same on a grey scale, each saying that it is from somewhere else, but not relative to each other."""
    return [
        XRayImage(grey(taken()[view].pixels), view.moved(FAR), f"X-ray {number + 1}")
        for number, view in enumerate(views)
    ]


class Recognising(nn.Module):
    """Knows X-rays of `VIEWS` with bright bone, like a network that was trained well, and no others."""

    compares = True

    def __init__(self, error=lambda points: points) -> None:
        super().__init__()
        self.anywhere, self.error = nn.Parameter(torch.zeros(1)), error
        bones = SceneCoordinateRenderer(patient().ct)
        pictures = [picture_of(prepare_view(taken()[view], None), view) for view in VIEWS]
        self.known = [(shown(picture), bones.render(picture.projection)) for picture in pictures]

    def forward(self, pictures: torch.Tensor) -> Prediction:
        for known, scene in self.known:
            if known.shape == pictures.shape and correlation(known, pictures) > 0.6:
                points = np.concatenate([scene.entry_ras, scene.exit_ras], axis=-1) - np.tile(CENTRE, 2)
                given = torch.from_numpy(self.error(points) / COORDINATE_MM).float().permute(2, 0, 1)[None]
                return self.answer(given.nan_to_num(0.0), torch.from_numpy(scene.valid)[None])
        size = [side // STRIDE for side in pictures.shape[2:]]
        return self.answer(torch.zeros((1, 6, *size)), torch.zeros((1, *size), dtype=bool))

    def compare(self, pictures: torch.Tensor, guessed: Guess) -> Prediction:
        return self(pictures)

    def answer(self, points: torch.Tensor, valid: torch.Tensor) -> Prediction:
        sigmas = torch.full((1, 4, *valid.shape[1:]), -4.0)
        return Prediction(points, sigmas, torch.where(valid, 5.0, -5.0))


class Comparing(Recognising):
    """Recognises the patient so far aside, and having compared, so far."""

    def __init__(self, recognised_mm: float, compared_mm: float) -> None:
        super().__init__()
        self.off = {True: recognised_mm, False: compared_mm}
        self.error = lambda points: points + [self.aside, 0, 0] * 2

    def forward(self, pictures: torch.Tensor) -> Prediction:
        self.aside = self.off[True]
        return super().forward(pictures)

    def compare(self, pictures: torch.Tensor, guessed: Guess) -> Prediction:
        self.aside = self.off[False]
        return super().forward(pictures)


def shown(picture: Picture) -> torch.Tensor:
    return network_input(torch.from_numpy(picture.image)[None], torch.from_numpy(picture.usable)[None])


def correlation(first: torch.Tensor, second: torch.Tensor) -> float:
    return torch.corrcoef(torch.stack([first[:, 1].flatten(), second[:, 1].flatten()]))[0, 1].item()


@cache
def recognising() -> Locator:
    return knowing(Recognising())


def knowing(network: nn.Module) -> Locator:
    return Locator(replace(untrained_model("ct.nrrd"), network=network), patient().ct)


@cache
def untrained() -> Locator:
    return Locator(untrained_model("ct.nrrd"), patient().ct)


@pytest.mark.parametrize("views", [VIEWS[:1], VIEWS[:2], VIEWS[2:], VIEWS], ids=len)
def test_xrays_are_found_from_anywhere(views):
    located = recognising().locate(from_afar(*views))
    assert error_mm(located.projections, views) < 0.2
    np.testing.assert_allclose(located.pose.transform_ras, np.linalg.inv(FAR), atol=0.5)
    assert [projection.size_px for projection in located.projections] == [view.size_px for view in views]
    assert located.pose.inlier_share > 0.9
    for view, maps, picture in zip(views, located.maps, located.pictures, strict=True):
        assert maps.valid.shape == picture.projection.size_px
        seen = picture.projection.moved(located.pose.transform_ras).project(maps.entry_ras[maps.valid])
        row, column = np.nonzero(maps.valid)
        assert np.abs(seen - np.c_[column, row]).max() < 0.5, view


@pytest.mark.parametrize(
    ("recognised_mm", "compared_mm", "left_mm"), [(12.0, 0.0, 0.0), (3.0, 40.0, 3.0), (0.0, 0.0, 0.0)]
)
def test_the_pose_from_where_the_ct_looks_most_like_the_xray(recognised_mm, compared_mm, left_mm):
    """Comparisons make it better, or else do no harm."""
    located = knowing(Comparing(recognised_mm, compared_mm)).locate(from_afar(*VIEWS[:2]))
    assert error_mm(located.projections, VIEWS[:2]) == pytest.approx(left_mm, abs=0.3)
    of_first = [view.moved(FAR).moved(located.placed.recognised.transform_ras) for view in VIEWS[:2]]
    assert error_mm(of_first, VIEWS[:2]) == pytest.approx(recognised_mm, abs=0.3)
    for view, maps in zip(located.pose.projections, located.maps, strict=True):
        row, column = np.nonzero(maps.valid)
        assert np.abs(view.project(maps.entry_ras[maps.valid]) - np.c_[column, row]).max() < 0.6


@pytest.mark.parametrize(
    "grey", [lambda drr: -drr, lambda drr: 4000 * np.exp(-drr), lambda drr: 900 * drr**0.7], ids=["-", "exp", "gamma"]
)
def test_any_grey_scale_will_do(grey):
    """Bone dark as on a fluoroscope, or bright as on a radiograph."""
    located = recognising().locate(from_afar(FRONTAL, grey=grey))
    assert error_mm(located.projections, [FRONTAL]) < 0.2


def test_the_same_seed_gives_the_same_pose():
    given = from_afar(FRONTAL)
    first, again = (recognising().locate(given, seed=3).pose.transform_ras for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_masks_hide_what_is_under_them():
    mask = np.zeros(FRONTAL.size_px, bool)
    mask[30:50, 40:60] = True
    maps = recognising().locate(from_afar(FRONTAL), [mask]).maps[0]
    whole = recognising().locate(from_afar(FRONTAL)).maps[0]
    assert 0 < maps.valid.sum() < 0.97 * whole.valid.sum()


def other_anatomy() -> list[XRayImage]:
    return from_afar(FRONTAL, grey=lambda drr: np.random.default_rng(0).random(drr.shape))


@pytest.mark.parametrize(
    "locator",
    [
        lambda: recognising(),
        lambda: untrained(),
        lambda: knowing(Recognising(lambda points: points * [-1, 1, 1, -1, 1, 1])),
        lambda: knowing(Recognising(np.random.default_rng(0).permutation)),
    ],
    ids=["another anatomy", "untrained", "mirrored", "anything"],
)
def test_what_is_not_recognised_has_no_pose(locator):
    given = other_anatomy() if locator() is recognising() else from_afar(FRONTAL)
    with pytest.raises(NotRecognisedError, match="does not recognise what it knows of ct.nrrd in X-ray 1; check that"):
        locator().locate(given)


def test_what_cannot_be_located_is_one_sentence():
    blank = XRayImage(np.full(FRONTAL.size_px, 3.0), FRONTAL, "X-ray 1")
    with pytest.raises(BlankXRayError, match=SHOWS_NOTHING):
        recognising().locate([blank])
    with pytest.raises(GeometryError, match="There is no X-ray to locate"):
        recognising().locate([])
    with pytest.raises(VolumeError, match="mask of X-ray 1 has"):
        recognising().locate(from_afar(FRONTAL), [np.zeros((3, 3), bool)])
    with pytest.raises(VolumeError, match="covers everything"):
        recognising().locate(from_afar(FRONTAL), [np.ones(FRONTAL.size_px, bool)])


# Registration


def located_at(off: np.ndarray, views, share: float = 0.6):
    """A `locate` that finds X-rays of these views, off by a motion."""

    def locate(locator, given, masks=None, seed=0):
        transform = off @ np.linalg.inv(FAR)
        moved = tuple(xray.projection.moved(transform) for xray in given)
        pose = ScenePose(moved, transform, True, share, (share,) * len(given), 1.0, 1.0, np.eye(6), CENTRE)
        for projection, view in zip(moved, views, strict=True):
            np.testing.assert_allclose(projection.extrinsic, view.moved(off).extrinsic, atol=1e-6)
        return Located(moved, Placed(replace(pose, inlier_share=share), replace(pose, inlier_share=0.9), ()), ())

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


def test_everything_that_counts_reaches_both_steps(monkeypatch):
    mask = np.zeros(FRONTAL.size_px, bool)
    reached = {}

    def locate(locator, given, masks=None, seed=0):
        reached["locate"] = (masks, seed)
        return located_at(np.eye(4), [FRONTAL])(locator, given)

    def register(self, given, initial, **options):
        reached["register"] = options
        raise VolumeError("far enough")

    monkeypatch.setattr(Locator, "locate", locate)
    monkeypatch.setattr(Registrar, "register", register)
    with pytest.raises(VolumeError, match="far enough"):
        register_with_model(registrar(), untrained(), from_afar(FRONTAL), masks=[mask], search="wide", seed=5)
    assert reached["locate"] == ([mask], 5)
    assert reached["register"]["masks"] == [mask]
    assert (reached["register"]["search"], reached["register"]["seed"]) == ("wide", 5)


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
