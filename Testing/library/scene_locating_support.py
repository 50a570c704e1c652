"""X-rays from anywhere, and networks that know them."""

from dataclasses import replace
from functools import cache

import numpy as np
import torch
from torch import nn

from registration_support import CENTRE, FRONTAL, LATERAL, carm, motion, patient, xrays
from scene_training_support import POSES, untrained_model
from xray3d import Projection, XRayImage
from xray3d.drr.scene_coordinates import BONE_THRESHOLD_HU, SceneCoordinateRenderer
from xray3d.registration.drr_library import DRRLibrary
from xray3d.registration.scene_regression.conventions import COORDINATE_MM, STRIDE
from xray3d.registration.scene_regression.guess import Guess, guess_of
from xray3d.registration.scene_regression.locating import Locator
from xray3d.registration.scene_regression.network import Prediction
from xray3d.registration.scene_regression.observation import Picture, picture_of
from xray3d.registration.scene_regression.patient import PatientRenderer
from xray3d.registration.scene_regression.picture import network_input
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

    compares = False

    def __init__(self, error=lambda points: points) -> None:
        super().__init__()
        self.anywhere, self.error = nn.Parameter(torch.zeros(1)), error
        bones = SceneCoordinateRenderer(patient().ct)
        read = [(prepare_view(taken()[view], None), view) for view in VIEWS]
        pictures = [picture_of(*of_view, fineness) for of_view in read for fineness in (1, 2)]
        self.known = [(shown(picture), bones.render(picture.projection), plane_of(picture)) for picture in pictures]

    def forward(self, pictures: torch.Tensor, guessed: Guess | None = None) -> Prediction:
        for known, scene, plane in self.known:
            if known.shape == pictures.shape and correlation(known, pictures) > 0.6:
                self.plane = plane
                points = np.concatenate([scene.entry_ras, scene.exit_ras], axis=-1) - np.tile(CENTRE, 2)
                given = torch.from_numpy(self.error(points) / COORDINATE_MM).float().permute(2, 0, 1)[None]
                return self.answer(given.nan_to_num(0.0), torch.from_numpy(scene.valid)[None])
        size = [side // STRIDE for side in pictures.shape[2:]]
        return self.answer(torch.zeros((1, 6, *size)), torch.zeros((1, *size), dtype=bool))

    def answer(self, points: torch.Tensor, valid: torch.Tensor) -> Prediction:
        sigmas = torch.full((1, 4, *valid.shape[1:]), -4.0)
        return Prediction(points, sigmas, torch.where(valid, 5.0, -5.0))


class Comparing(Recognising):
    """Having compared, knows them so far aside, whatever the guess."""

    compares = True

    def __init__(self, aside_mm: float = 0.0) -> None:
        super().__init__(lambda points: points + [aside_mm, 0, 0] * 2)

    def forward(self, pictures: torch.Tensor, guessed: Guess | None = None) -> Prediction:
        answer = super().forward(pictures[:1])
        return Prediction(*(part.expand(len(pictures), *part.shape[1:]) for part in vars(answer).values()))


class Shortsighted(Comparing):
    """Has an answer, the right one, only to guesses that are so near."""

    def __init__(self, sight_mm: float) -> None:
        super().__init__()
        self.sight_mm = sight_mm

    def forward(self, pictures: torch.Tensor, guessed: Guess | None = None) -> Prediction:
        right = super().forward(pictures)
        off = (guessed.plane - self.plane).square().sum(dim=1).sqrt().mean(dim=(1, 2)) * COORDINATE_MM
        return replace(right, bone=torch.where((off < self.sight_mm)[:, None, None], right.bone, -5.0))


def shown(picture: Picture) -> torch.Tensor:
    return network_input(torch.from_numpy(picture.image)[None], torch.from_numpy(picture.usable)[None])


def plane_of(picture: Picture) -> torch.Tensor:
    """Of the right guess."""
    rows, columns = picture.image.shape
    renderer = PatientRenderer(patient().ct, CENTRE, BONE_THRESHOLD_HU)
    return guess_of(renderer.render([picture.projection.resampled((rows, columns))]), CENTRE).plane


def correlation(first: torch.Tensor, second: torch.Tensor) -> float:
    return torch.corrcoef(torch.stack([first[:, 1].flatten(), second[:, 1].flatten()]))[0, 1].item()


@cache
def library() -> DRRLibrary:
    """What the patient looks like from everywhere that models were trained for."""
    return PatientRenderer(patient().ct, CENTRE, BONE_THRESHOLD_HU).library(POSES)


@cache
def comparing() -> Locator:
    return knowing(Comparing())


def knowing(network: nn.Module) -> Locator:
    return with_library(Locator(replace(untrained_model("ct.nrrd"), network=network), patient().ct))


@cache
def untrained() -> Locator:
    return with_library(Locator(untrained_model("ct.nrrd"), patient().ct))


def with_library(locator: Locator) -> Locator:
    """Without the seconds that making one takes."""
    locator._library = library()
    return locator
