"""What the inpainting network learns: the same X-ray without metal, of simulated patients and of real radiographs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from xray3d.datasets.occlusion import Pairs, radiograph_pairs, simulated_pairs
from xray3d.inpainting.fill import smooth_fill
from xray3d.inpainting.network import Guess, InpaintingNetwork
from xray3d.inpainting.scenes import ScenePool
from xray3d.models.training.loop import Course
from xray3d.models.training.plan import TrainingPlan

CROP_PX = 128

# Grey values of a crop are a part of those of its image, which are shown as 0 to 1.
_LEAST_CONTRAST = 0.3
# What is painted out is larger than what the metal covers by so many pixels: its shadow has soft edges.
_LEAST_MARGIN_PX, _MOST_MARGIN_PX = 1, 4
# 60 dB are as good as no error.
_EDGES_WEIGHT, _SIGMA_WEIGHT, _LEAST_NOISE = 2.0, 0.05, 1e-6
# Parts of an X-ray may be all of one grey value.
_LEAST_RANGE = 0.05
# A radiograph of a whole spine is small: implants are as large on it as its vertebrae allow.
_LEAST_REDUCED = 0.35
_HELD_OUT_SEED, _SEEDS_APART = 10**9, 10**7


@dataclass(frozen=True, eq=False)
class Batch:
    """X-rays as networks are shown them.

    Attributes:
        images: (n, 1, rows, cols) with metal.
        truth: (n, 1, rows, cols) without.
        metal: (n, 1, rows, cols) 1 where there is metal.
        holes: (n, 1, rows, cols) 1 where it is to be painted out.
        filled: (n, 1, rows, cols) the images with what surrounds the holes led smoothly into them.
    """

    images: Tensor
    truth: Tensor
    metal: Tensor
    holes: Tensor
    filled: Tensor


@dataclass(frozen=True)
class InpaintingMeasured:
    """How near to the truth what was painted is, in the holes.

    Attributes:
        psnr_db: mean over images of the peak signal-to-noise ratio, the range being that of what surrounds them.
    """

    psnr_db: float

    @property
    def score(self) -> float:
        """The lower the better."""
        return -self.psnr_db

    @property
    def told(self) -> str:
        """In a few words."""
        return f"{self.psnr_db:.1f} dB in the holes"


@dataclass(frozen=True, eq=False)
class PairSource:
    """X-rays with metal and without, without end.

    Attributes:
        scenes: of instrumented patients.
        radiographs: (rows, cols) each, real ones.
    """

    scenes: ScenePool
    radiographs: Sequence[NDArray[np.float32]]

    def batch(self, count: int, seed: int) -> Batch:
        """Half of them simulated, half real ones with metal projected onto them."""
        rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        real = count // 2
        simulated = simulated_pairs(self.scenes.crops(rng, count - real, CROP_PX), generator)
        parts = [simulated]
        if real:
            greys = torch.from_numpy(np.stack([self._radiograph(rng) for _ in range(real)]))
            parts.append(radiograph_pairs(greys, self._reduced_metal(rng, real), generator))
        images, truth, metal = (torch.cat([getattr(p, name) for p in parts])[:, None] for name in vars(simulated))
        return _shown(Pairs(images, truth, metal), rng)

    def _radiograph(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """A crop, turned a little and mirrored at random, wide images filled up by their own mirror image."""
        image = self.radiographs[int(rng.integers(len(self.radiographs)))]
        missing = [max(0, CROP_PX - side) for side in image.shape]
        image = np.pad(image, [(0, side) for side in missing], mode="symmetric")
        row, column = (int(rng.integers(0, side - CROP_PX + 1)) for side in image.shape)
        crop = image[row : row + CROP_PX, column : column + CROP_PX]
        return np.ascontiguousarray(crop[:, ::-1] if rng.random() < 0.5 else crop)

    def _reduced_metal(self, rng: np.random.Generator, count: int) -> Tensor:
        reduced = []
        for _ in range(count):
            side = min(int(CROP_PX / rng.uniform(_LEAST_REDUCED, 1.0)), self.scenes.integrals.shape[-1])
            metal_mm = self.scenes.metal(rng, 1, side)
            reduced.append(F.interpolate(metal_mm[:, None], size=(CROP_PX, CROP_PX), mode="area")[:, 0])
        return torch.cat(reduced)


def _shown(pairs: Pairs, rng: np.random.Generator) -> Batch:
    """On the grey scale of networks, with holes somewhat larger than the metal."""
    holes = torch.cat(
        [_grown(one[None], int(rng.integers(_LEAST_MARGIN_PX, _MOST_MARGIN_PX + 1))) for one in pairs.metal]
    )
    outside = torch.where(holes > 0, torch.full_like(holes, float("nan")), pairs.images).flatten(1)
    # All hole: the truth tells, for there is nothing else.
    outside = torch.where(outside.isnan().all(dim=1, keepdim=True), pairs.truth.flatten(1), outside)
    low, high = (torch.nanquantile(outside, q, dim=1)[:, None, None, None] for q in (0.01, 0.99))
    contrast = torch.from_numpy(rng.uniform(_LEAST_CONTRAST, 1.0, len(holes))).float()[:, None, None, None]
    offset = torch.from_numpy(rng.random(len(holes))).float()[:, None, None, None] * (1 - contrast)

    def shown(images: Tensor) -> Tensor:
        return offset + contrast * (images - low) / (high - low).clamp(min=_LEAST_RANGE)

    images = shown(pairs.images)
    return Batch(images, shown(pairs.truth), pairs.metal, holes, smooth_fill(images, holes))


def _grown(metal: Tensor, by_px: int) -> Tensor:
    return F.max_pool2d(metal, 2 * by_px + 1, stride=1, padding=by_px)


class InpaintingLesson:
    """X-rays without end, and some that are held out.

    Args:
        source: to learn from.
        held_out: of other patients, to measure on.
        count: of these.
        plan: of the training.
        keep: given each network that is better than all before.
    """

    def __init__(
        self,
        source: PairSource,
        held_out: PairSource,
        count: int,
        plan: TrainingPlan,
        keep: Callable[[InpaintingNetwork, InpaintingMeasured, Course], None],
    ) -> None:
        self._source, self._plan, self._keep = source, plan, keep
        self._held_out = [held_out.batch(plan.batch, _HELD_OUT_SEED + n) for n in range(-(-count // plan.batch))]

    def batch(self, step: int) -> Batch:
        """X-rays that were not shown before."""
        return self._source.batch(self._plan.batch, self._plan.seed * _SEEDS_APART + step)

    def loss(self, network: InpaintingNetwork, batch: Batch, step: int) -> Tensor:
        """Of what is painted, of its edges, and of how sure it is."""
        return inpainting_loss(network(batch.images, batch.filled, batch.holes), batch)

    def measure(self, network: InpaintingNetwork, breathe: Callable[[str], None]) -> InpaintingMeasured:
        """On the X-rays that were held out."""
        of_images: list[float] = []
        for batch in self._held_out:
            breathe("Painting X-rays that it has not seen")
            with torch.inference_mode():
                clean = network(batch.images, batch.filled, batch.holes).clean
            of_images += psnr_in_holes(clean, batch).tolist()
        return InpaintingMeasured(float(np.mean(of_images)))

    def is_enough(self, measured: InpaintingMeasured) -> bool:
        """It is never good enough."""
        return False

    def keep(self, network: InpaintingNetwork, measured: InpaintingMeasured, course: Course) -> None:
        """With what was measured."""
        self._keep(network, measured, course)


def inpainting_loss(guess: Guess, batch: Batch) -> Tensor:
    """Of each image the noise-to-signal ratio in its holes, in nepers, so that easy ones count as much as hard ones;
    the size of the gradients of the error, which an eye sees; and the likelihood of the error as it is.
    """
    error = guess.clean - batch.truth
    squared, log_sigma = error.square(), guess.log_sigma
    of_edges = sum(F.pad(error.diff(dim=axis).abs(), at_end) for axis, at_end in ((3, (0, 1, 0, 0)), (2, (0, 0, 0, 1))))
    of_sigma = log_sigma + 0.5 * squared.detach() * torch.exp(-2 * log_sigma)
    noise = _in_holes(squared, batch) / _peak(batch).square()
    of_images = 0.5 * torch.log(noise + _LEAST_NOISE) + _in_holes(
        _EDGES_WEIGHT * of_edges + _SIGMA_WEIGHT * of_sigma, batch
    )
    has_holes = batch.holes.flatten(1).amax(dim=1)
    return (of_images * has_holes).sum() / has_holes.sum().clamp(min=1.0)


def psnr_in_holes(clean: Tensor, batch: Batch) -> Tensor:
    """(m,) dB of the images that have holes."""
    noise = _in_holes((clean - batch.truth).square(), batch) / _peak(batch).square()
    return -10 * torch.log10(noise.clamp(min=1e-12))[batch.holes.flatten(1).amax(dim=1) > 0]


def _in_holes(values: Tensor, batch: Batch) -> Tensor:
    """(n,) means."""
    holes = batch.holes.flatten(1)
    return (values.flatten(1) * holes).sum(dim=1) / holes.sum(dim=1).clamp(min=1.0)


def _peak(batch: Batch) -> Tensor:
    """(n,) ranges of the truth."""
    truth = batch.truth.flatten(1)
    return (truth.amax(dim=1) - truth.amin(dim=1)).clamp(min=_LEAST_RANGE)
