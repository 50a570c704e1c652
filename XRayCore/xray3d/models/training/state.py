"""Where a training stands, beside the folder of its model: what it takes to go on with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from xray3d.errors import ModelError, OutputExistsError
from xray3d.models.training.plan import TrainingPlan


class TrainingState:
    """The file `<folder>.training`.

    Args:
        folder: of the model.
        plan: of the training.
        whose: what else tells it from others, for JSON: a state of any other training is refused.
    """

    def __init__(self, folder: Path, plan: TrainingPlan, whose: Mapping[str, Any]) -> None:
        self._file = folder.with_name(f"{folder.name}.training")
        # What else a plan may have, such as a goal, may change while a training rests.
        of_plan = {field.name: getattr(plan, field.name) for field in fields(TrainingPlan)}
        self._whose = json.dumps({"plan": of_plan, **whose}, sort_keys=True)

    def save(self, content: dict[str, Any]) -> None:
        """Replace the file, whole or not at all.

        Raises:
            OutputExistsError: it cannot be written.
        """
        making = self._file.with_name(f".{self._file.name}")
        try:
            torch.save({"whose": self._whose, **content}, making)
            making.replace(self._file)
        except (OSError, RuntimeError) as failure:
            making.unlink(missing_ok=True)
            raise OutputExistsError(
                f"{self._file} cannot be written; check permissions and the space left. The best model so far is kept."
            ) from failure

    def load(self, device: torch.device) -> dict[str, Any]:
        """What `save` wrote.

        Raises:
            ModelError: there is none, it is damaged, or it is of another training.
        """
        if not self._file.is_file():
            raise ModelError(f"There is no {self._file} to resume; start the training without resuming.")
        try:
            content = torch.load(self._file, map_location=device, weights_only=True)
        except Exception as failure:  # torch's unpickler lets through whatever it trips over
            raise ModelError(f"{self._file} is damaged; start the training without resuming.") from failure
        if not isinstance(content, dict) or content.get("whose") != self._whose:
            raise ModelError(
                f"{self._file} is of a training with other data, another start or another plan; give the same again, "
                "or start without resuming."
            )
        return content

    def remove(self) -> None:
        """Forget it."""
        self._file.unlink(missing_ok=True)
