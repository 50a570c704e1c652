"""Random numbers for each of the views of a batch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


class Draws:
    """Random numbers for each of n views, shaped (n, 1, 1) to go with images.

    Args:
        count: of the views.
        generator: on the device of the images.
        strength: 0 to 1, how far what is drawn may be from what is usual.
        copies: so many batches of the same views, one after the other, get the same numbers.
    """

    def __init__(self, count: int, generator: torch.Generator, strength: float = 1.0, copies: int = 1) -> None:
        self.count, self.generator, self.strength, self.copies = count, generator, strength, copies

    def uniform(self, low: float, high: float, pieces: int | None = None) -> Tensor:
        shape = (self.count, 1, 1) if pieces is None else (self.count, pieces, 1, 1)
        drawn = torch.rand(shape, generator=self.generator, device=self.generator.device)
        return low + (high - low) * self._copied(drawn)

    def about(self, usual: float, low: float, high: float) -> Tensor:
        """As far from the usual value, between low and high, as the strength allows."""
        return usual + self.strength * (self.uniform(low, high) - usual)

    def happens(self, share: float, pieces: int | None = None) -> Tensor:
        """1 or 0; at full strength 1 in this share of cases."""
        return (self.uniform(0.0, 1.0, pieces) < self.strength * share).float()

    def normal(self, shape: tuple[int, ...]) -> Tensor:
        drawn = torch.randn((self.count, *shape), generator=self.generator, device=self.generator.device)
        return self._copied(drawn)

    def choice(self, options: int) -> list[int]:
        """The number of one of so many options, for each view."""
        drawn = torch.randint(options, (self.count,), generator=self.generator, device=self.generator.device)
        return self._copied(drawn).tolist()

    def smooth(self, like: Tensor, nodes: int) -> Tensor:
        """Fields (n, rows, cols) of mean 0 and deviation about 1, smooth over a `nodes`-th of the image."""
        coarse = self.normal((1, nodes, nodes))
        return F.interpolate(coarse, size=like.shape[1:], mode="bicubic", align_corners=True)[:, 0]

    def positions(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """Rows (1, 1, rows, 1) and columns (1, 1, 1, cols), from -1 to 1."""
        rows, columns = (torch.linspace(-1, 1, side, device=like.device) for side in like.shape[1:])
        return rows[None, None, :, None], columns[None, None, None, :]

    def _copied(self, drawn: Tensor) -> Tensor:
        return torch.cat([drawn] * self.copies)
