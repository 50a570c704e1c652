"""A patient, a network and a model that take no time, for the tests of training and of models."""

from functools import cache

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from registration_support import CENTRE, patient
from xray3d import CTVolume
from xray3d.datasets.pose_range import PoseRange
from xray3d.models.fingerprint import CTFingerprint
from xray3d.registration.scene_regression import lesson, placing, subject, training, training_views
from xray3d.registration.scene_regression.exploring import Effort
from xray3d.registration.scene_regression.model import SceneCoordinateModel, TrainingReport
from xray3d.registration.scene_regression.network import ComparisonNetwork, RecognitionNetwork
from xray3d.registration.scene_regression.plan import TrainingPlan
from xray3d.registration.scene_regression.training import train
from xray3d.registration.scene_regression.validation import Validation

POSES = PoseRange(tuple(CENTRE.tolist()))
BLOCK_POSES = PoseRange((70.0, 70.0, 70.0), (-6.0, 6.0), (-6.0, 6.0))
PLAN = TrainingPlan(steps=4, batch=2, validate_every=2)


@cache
def block() -> CTVolume:
    """A patient of 512 voxels."""
    hu = np.full((8, 8, 8), -1000.0)
    hu[:, 1:7, 1:7] = 40
    hu[2:6, 2:6, 3:5] = hu[4:6, 3:5, 2:7] = 900
    return CTVolume(hu, np.diag([20.0, 20, 20, 1]), "block.nrrd")


FEATURES = (4, 8, 8, 8, 8, 4)


def small_network() -> ComparisonNetwork:
    """Like the real one in everything but its size."""
    return ComparisonNetwork(FEATURES)


def untrained_model(name: str = "ct.nrrd") -> SceneCoordinateModel:
    """Of the patient of `registration_support`, of whom it knows nothing."""
    torch.manual_seed(9)
    report = TrainingReport(1, 1, 0, 1.0, "scratch", "2 CPU cores", {"50": 1.0}, 0.0, 1)
    return SceneCoordinateModel(small_network().eval(), POSES, name, CTFingerprint.of(patient().ct), 250.0, report)


def make_small(monkeypatch) -> None:
    """Trainings that take no time, on coarser X-rays, with a loss of the pose from the start."""
    monkeypatch.setattr(training_views, "SIZE_PX", 64)
    monkeypatch.setattr(training_views, "PIXEL_MM", 4.8)
    small = {True: small_network, False: lambda: RecognitionNetwork(FEATURES)}
    monkeypatch.setattr(training, "NETWORKS", small)
    monkeypatch.setattr(training, "_HELD_OUT", 3)
    monkeypatch.setattr(placing, "THOROUGH", Effort(rounds=1, first=1, compared=1, drawn=2))
    monkeypatch.setattr(lesson, "_PLAIN_UNTIL", 0.0)
    monkeypatch.setattr(lesson, "_ALL_FROM", 1e-3)


def measure(monkeypatch, *medians_mm: float | BaseException) -> list:
    """What measurements are to say, one after the other; returns those not made yet."""
    given = list(medians_mm)

    def measured(*_) -> Validation:
        value = given.pop(0)
        if isinstance(value, BaseException):
            raise value
        return Validation((value / 2, value, 40.0))

    monkeypatch.setattr(subject, "validate", measured)
    return given


class Progress:
    """Keeps what it is told, and ends the training after so many steps."""

    def __init__(self, steps: int = 10**9, end: type[BaseException] = KeyboardInterrupt) -> None:
        self.told: list[tuple[str, float]] = []
        self.steps, self.end = steps, end

    def __call__(self, doing: str, done: float) -> None:
        if doing.startswith(f"Step {self.steps + 1} "):
            raise self.end
        self.told.append((doing, done))

    @property
    def taken(self) -> list[int]:
        """Which steps were begun."""
        return [int(doing.split()[1]) for doing, _ in self.told if doing.startswith("Step ")]


def run(folder, ct=None, poses=BLOCK_POSES, plan=PLAN, **options) -> SceneCoordinateModel:
    return train(ct or block(), poses, folder, plan, **options)


def translation(shift_mm: ArrayLike) -> NDArray[np.float64]:
    """(4, 4)."""
    matrix = np.eye(4)
    matrix[:3, 3] = shift_mm
    return matrix


def pixel_grid(size_px: tuple[int, int]) -> NDArray[np.int_]:
    """(rows, cols, 2): column and row."""
    return np.stack(np.meshgrid(*map(np.arange, size_px), indexing="ij"), axis=-1)[..., ::-1]
