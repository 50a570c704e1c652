"""The model card: what a person should know before using a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def model_card(report: Mapping[str, Any]) -> str:
    """Markdown about a network, from the fields of its `ReconstructionReport`."""
    cts = "\n".join(f"- {ct}" for ct in report["cts"])
    measured = report["measured"]
    return f"""# Vertebrae from a few X-rays

Makes the shape of a lumbar vertebra, or of the twelfth thoracic one, of one to eight X-rays whose geometry is known.

## Learnt from

X-rays simulated of {report["vertebrae"]} vertebrae of these CTs, of many techniques and grey scales:

{cts}

Trained in {report["seconds"] / 60:.0f} min on {report["device"]} from {report["started_from"]}: {report["steps"]} \
steps of {report["batch"]} vertebrae, seed {report["seed"]}, none shown twice alike. Of half of them the calibration was
off by half a degree and 0.7 mm.

## Measured

On vertebrae of other spines, from a frontal, a lateral and two oblique views: F1 {measured["f1"]:.2f} on average; a
tenth of them are below {measured["lowest_f1"]:.2f}.

## Where it fails

- What no view shows is likely, not seen: from one view, depth is a guess.
- Fractures, tumours and implants were not learnt; where there are some, the shape is that of a vertebra without.
- A calibration that is far off makes a shape that is smooth and wrong; X-rays that disagree with it are named, but not
  all of them: look at its contours on the X-rays.
"""
