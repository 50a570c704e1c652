"""What a network learns of patients: from where their X-rays were taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from xray3d.models.training.course import SCRATCH, Course
from xray3d.registration.scene_regression.losses import bone_loss, pose_loss
from xray3d.registration.scene_regression.model import TrainingReport
from xray3d.registration.scene_regression.network import SceneCoordinateNetwork
from xray3d.registration.scene_regression.plan import TrainingPlan
from xray3d.registration.scene_regression.recipe import Recipe
from xray3d.registration.scene_regression.subject import Subject
from xray3d.registration.scene_regression.training_views import Batch
from xray3d.registration.scene_regression.validation import Validation

Keep = Callable[[SceneCoordinateNetwork, TrainingReport], None]

# A new network learns to tell directions from plain views first, which it hardly does from all looks: these and local
# views come in between these shares of its training. Until then its points say nothing of poses: their first
# Gauss–Newton step would lead anywhere.
_PLAIN_UNTIL, _ALL_FROM = 0.15, 0.5
_SEEDS_APART = 10**8


class SceneLesson:
    """X-rays without end of some patients, who take turns.

    Args:
        subjects: the patients.
        started_from: what the network had learnt before.
        plan: of the training.
        recipe: what is learnt.
        keep: given each network that is better than all before.
    """

    def __init__(
        self, subjects: Sequence[Subject], started_from: str, plan: TrainingPlan, recipe: Recipe, keep: Keep
    ) -> None:
        self._subjects, self._started_from, self._plan = subjects, started_from, plan
        self._recipe, self._keep = recipe, keep

    def batch(self, step: int) -> Batch:
        """X-rays of one patient."""
        views = self._subjects[step % len(self._subjects)].views
        return views.batch(self._plan.batch, self._plan.seed * _SEEDS_APART + step, self._hardness(step))

    def loss(self, network: SceneCoordinateNetwork, batch: Batch, step: int) -> Tensor:
        """That of the points, and once these are good enough that of the pose that follows from them."""
        prediction = network(batch.pictures, batch.guess)
        loss = self._recipe.likelihood(prediction, batch.target) + bone_loss(prediction, batch.target)
        knows_poses = network.compares or self._hardness(step) == 1
        if self._recipe.pose_weight and knows_poses:
            loss = loss + self._recipe.pose_weight * pose_loss(prediction, batch.target)
        return loss

    def measure(self, network: SceneCoordinateNetwork, breathe: Callable[[str], None]) -> Validation:
        """How well it places X-rays of all patients."""
        of_subjects = [
            subject.measure(network, lambda: breathe("Locating X-rays that it has not seen"))
            for subject in self._subjects
        ]
        return Validation(tuple(error for of_subject in of_subjects for error in of_subject.mtre_mm))

    def is_enough(self, measured: Validation) -> bool:
        """Whether the goal is reached."""
        return self._plan.goal_mm is not None and measured.median_mm <= self._plan.goal_mm

    def keep(self, network: SceneCoordinateNetwork, measured: Validation, course: Course) -> None:
        """With its report."""
        self._keep(network, TrainingReport(**vars(course), **measured.facts))

    def _hardness(self, step: int) -> float:
        if self._started_from != SCRATCH:
            return 1.0
        share = step / self._plan.steps
        return min(max((share - _PLAIN_UNTIL) / (_ALL_FROM - _PLAIN_UNTIL), 0.0), 1.0)
