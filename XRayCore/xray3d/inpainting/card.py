"""The model card: what a person should know before using a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DOES = {
    "finder": "Finds metal on X-rays of the spine.",
    "painter": "Paints what metal hides on X-rays of the spine, with a standard error for every pixel.",
}
_FAILS = {
    "finder": """\
- Implants of other kinds than it has seen, and those in other parts of the body than the spine, are found less surely.
- Metal that is no implant, such as lead letters and buckles, was not taken for one in training; it may be.""",
    "painter": """\
- Metal that lets no X-rays through hides all that is behind it: what is painted there is likely, not seen.
- It must not be used to judge whether bone around an implant is healthy.""",
}


def model_card(name: str, report: Mapping[str, Any]) -> str:
    """Markdown about a network, from the fields of its `InpaintingReport`."""
    cts = "\n".join(f"- {ct}" for ct in report["cts"])
    return f"""# Implants out of X-rays: the {name}

{_DOES[name]}

## Learnt from

X-rays simulated of these CTs, with pedicle screws, rods, cages and plates in their spines, of many techniques and grey
scales and as plain line integrals; the truth is the same ray without metal:

{cts}

and {report["radiographs"]} real radiographs of {report["radiograph_patients"]} patients with metal projected onto them.

Trained in {report["seconds"] / 60:.0f} min on {report["device"]} from {report["started_from"]}: {report["steps"]} \
steps of {report["batch"]} X-rays, seed {report["seed"]}, none shown twice alike.

## Measured

On X-rays that it had not seen, views of the same CTs and radiographs of other patients:
{measured_in_words(report["measured"])}.

## Where it fails

{_FAILS[name]}
"""


def measured_in_words(measured: Mapping[str, float]) -> str:
    """The fields of `FindingMeasured` or of `PaintingMeasured`."""
    if "psnr_db" in measured:
        ratio = measured["error_in_sigmas"]
        return f"{measured['psnr_db']:.1f} dB in the holes, errors {ratio:.1f} times as large as told"
    return (
        f"Dice's coefficient {measured['dice']:.2f} where there is metal, and some found on "
        f"{measured['false_alarms']:.1%} of the X-rays without ({measured['false_share']:.2%} of their pixels)"
    )
