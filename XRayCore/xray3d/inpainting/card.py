"""The model card: what a person should know before using a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def model_card(report: Mapping[str, Any]) -> str:
    """Markdown about an inpainting model, from the fields of its `InpaintingReport`."""
    cts = "\n".join(f"- {name}" for name in report["cts"])
    return f"""# Implants out of X-rays

Finds metal on X-rays of the spine and paints what it hides, with a standard error for every pixel.

## Learnt from

X-rays simulated of these CTs, with pedicle screws, rods, cages and plates in their spines, of many techniques and grey
scales and as plain line integrals; the truth is the same ray without metal:

{cts}

and {report["radiographs"]} real radiographs of {report["radiograph_patients"]} patients with metal projected onto them.

Trained in {report["seconds"] / 60:.0f} min on {report["device"]} from {report["started_from"]}: {report["steps"]} \
steps of {report["batch"]} X-rays, seed {report["seed"]}, none shown twice alike.

## Measured

On X-rays that it had not seen, views of the same CTs and radiographs of other patients: {report["psnr_db"]:.1f} dB in \
the holes, Dice's coefficient of the metal found {report["dice"]:.2f}; of X-rays without metal \
{report["false_share"]:.2%} of the pixels were taken for some.

## Where it fails

- Metal that lets no X-rays through hides all that is behind it: what is painted there is likely, not seen.
- Implants of other kinds than those that it has seen, and other parts of the body than the spine, are found less
  surely.
- It must not be used to judge whether bone around an implant is healthy.
"""
