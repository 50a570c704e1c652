"""The model card: what a person should know before using a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def model_card(report: Mapping[str, Any]) -> str:
    """Markdown about a network, from the fields of its `LevelReport`."""
    cts = "\n".join(f"- {ct}" for ct in report["cts"])
    measured = report["measured"]
    return f"""# Vertebrae found on X-rays

Says where on an X-ray the middles of the bodies of L1 to L5 and of the twelfth thoracic vertebra are, and which of
these are not on it. What it says of two or more X-rays whose geometry is known is put together in space.

## Learnt from

X-rays simulated of {report["vertebrae"]} vertebrae of these CTs, whole ones and parts, of many techniques and grey
scales:

{cts}

Trained in {report["seconds"] / 60:.0f} min on {report["device"]} from {report["started_from"]}: {report["steps"]} \
steps of {report["batch"]} X-rays, seed {report["seed"]}, none shown twice alike.

## Measured

On single X-rays of other spines: {measured["found"]:.1%} of the vertebrae that are on them are found, half of all
within {measured["error_mm"]:.1f} mm; {measured["false_alarms"]:.1%} of those that are not on them are said to be.

## Where it fails

- Where neither ribs nor sacrum are seen, a vertebra may be taken for its neighbour; so it may in people who have a
  vertebra more or less than others. Count before you believe.
- Fractures, tumours and implants were not learnt.
- Directions are those of RAS: on patients who lie otherwise in the frame of the X-rays nothing, or the wrong, is found.
"""
