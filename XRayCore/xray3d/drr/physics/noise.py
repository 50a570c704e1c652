"""Quantum noise at a dose, and the noise of the electronics.

Every pixel draws from its own stream of random numbers, fixed by the seed, the view and the pixel: the same seed gives
the same image whatever the number of threads, and on the CPU and on a GPU up to rounding. View k of a batch is the
same image as a single view with the seed raised by k.
"""

from __future__ import annotations

import warp as wp

from xray3d.drr.device import MODULE_OPTIONS, launch
from xray3d.drr.physics.primary import Beam, as_rows

wp.set_module_options(MODULE_OPTIONS)

# Below so many quanta their number is drawn exactly; above, the expansion's tail below zero is rarer than 1e-6.
_FEW_QUANTA = 16.0


@wp.func
def poisson_quantile(uniform: float, mean: float):
    """The number of events whose cumulative probability first reaches `uniform`; for a mean up to `_FEW_QUANTA`."""
    count = wp.float32(0.0)
    probability = wp.exp(-mean)
    cumulative = probability
    # Until the tail no longer counts in single precision; exp(-16) itself is above that.
    while uniform > cumulative and probability > 1.0e-8:
        count += 1.0
        probability *= mean / count
        cumulative += probability
    return count


@wp.func
def poisson(state: wp.uint32, mean: float):
    """A number of quanta. For many of them, Cornish and Fisher's expansion of the Poisson distribution.

    The expansion has Poisson's skewness and, with the variance of its quadratic term taken off the linear one, exactly
    its mean and variance. It needs no rejection, in which rounding could part CPU and GPU.
    """
    if mean < _FEW_QUANTA:
        return poisson_quantile(wp.randf(state), mean)
    normal = wp.randn(state)
    return wp.max(mean + wp.sqrt(mean - 1.0 / 18.0) * normal + (normal * normal - 1.0) / 6.0, 0.0)


@wp.kernel
def _draw_quanta(
    start: int,
    rows: int,
    seed: int,
    open_variance: float,
    signal: wp.array2d[wp.float32],
    variance: wp.array2d[wp.float32],
    noisy: wp.array2d[wp.float32],
):
    row, column = wp.tid()
    row += start
    mean = signal[row, column]
    drawn = wp.float32(0.0)
    if mean > 0.0:
        # Quanta of equal size that have the signal's mean and variance together.
        quantum = open_variance * variance[row, column] / mean
        state = wp.rand_init(seed + row / rows, (row % rows) * signal.shape[1] + column)
        drawn = quantum * poisson(state, mean / quantum)
    noisy[row, column] = drawn


@wp.kernel
def _add_normal(
    start: int,
    rows: int,
    seed: int,
    sigma: float,
    image: wp.array2d[wp.float32],
    noisy: wp.array2d[wp.float32],
):
    row, column = wp.tid()
    row += start
    # Negative, to share no stream with the quantum noise.
    stream = -1 - ((row % rows) * image.shape[1] + column)
    noisy[row, column] = image[row, column] + sigma * wp.randn(wp.rand_init(seed + row / rows, stream))


def quantum_noise(beam: Beam, open_variance: float, seed: int) -> wp.array:
    """One exposure (n, rows, cols): a draw of quanta with the mean and variance of an energy-integrating detector.

    The detector's signal is a sum of photons of different energies. It is drawn as equal quanta, as large and as many
    as give the same mean and variance; so it is never negative and becomes coarse where little arrives.

    Args:
        beam: what the detector registers on average.
        open_variance: relative variance of a pixel's signal in the open beam, see `DetectedSpectrum.variance_mm2`.
        seed: whole number that fixes the noise.
    """
    noisy = wp.empty_like(beam.signal)
    images = [as_rows(image) for image in (beam.signal, beam.variance, noisy)]
    launch(_draw_quanta, images[0].shape, [noisy.shape[1], seed, open_variance, *images], noisy.device)
    return noisy


def electronic_noise(images: wp.array, sigma: float, seed: int) -> wp.array:
    """Images (n, rows, cols) with white Gaussian noise of standard deviation `sigma`, in units of the open beam."""
    noisy = wp.empty_like(images)
    inputs = [images.shape[1], seed, sigma, as_rows(images), as_rows(noisy)]
    launch(_add_normal, inputs[-1].shape, inputs, images.device)
    return noisy
