"""The model card: what a person should know before using a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from xray3d.datasets.pose_range import PoseRange


def model_card(ct_name: str, poses: PoseRange, bone_hu: float, report: Mapping[str, Any]) -> str:
    """Markdown about a scene-coordinate model, from the fields of its `TrainingReport`."""
    percentiles = report["mtre_mm"]
    across = ", ".join(f"{value:.1f}" for value in percentiles.values())
    named = ", ".join(f"{name}th" for name in percentiles)
    x, y, z = poses.center_ras
    return f"""# Scene coordinates of {ct_name}

Tells where in this CT the rays of an X-ray of this patient enter and leave bone, and so from where the X-ray was taken.
It is for no other patient, and no other CT of this one.

## Trained for

- a C-arm that aims at R {x:.0f}, A {y:.0f}, S {z:.0f} mm, {poses.sdd_mm:.0f} mm from source to detector
- primary angle {poses.primary_deg[0]:.0f} to {poses.primary_deg[1]:.0f}°, secondary {poses.secondary_deg[0]:.0f} to \
{poses.secondary_deg[1]:.0f}°, in-plane {poses.in_plane_deg[0]:.0f} to {poses.in_plane_deg[1]:.0f}°
- the patient displaced by up to {poses.lateral_mm:.0f} mm across the view and {poses.depth_mm:.0f} mm along it
- bone above {bone_hu:.0f} HU; whole views and local ones, down to a third of the field; metal in the picture

X-rays from elsewhere may be placed wrongly; the registration's verdict says so.

## Measured

On {report["views"]} simulated single X-rays that it had not seen, before any refinement: mean target registration error
at the {named} percentile {across} mm, gross failures (more than 10 mm) {report["gross_failures"]:.0%}.

Trained in {report["seconds"] / 60:.0f} min on {report["device"]} from {report["started_from"]}: {report["steps"]} \
steps of {report["batch"]} X-rays, seed {report["seed"]}, all rendered and none shown twice alike.
"""


def start_card(cts: Sequence[str], report: Mapping[str, Any]) -> str:
    """Markdown about what a training may begin with, from the names of its CTs and its `TrainingReport`'s fields.

    Args:
        cts: a name as often as the CT was learnt from, in several builds or parts of it.
    """
    learnt = "\n".join(f"- {name} ({count} times)" for name, count in Counter(cts).items())
    return f"""# A start for scene coordinates

Tells how an X-ray differs from what a CT would look like from a guessed pose, and so what the pose is. It has learnt
from these CTs, in several builds and parts of them:

{learnt}

It knows none of them by heart, and works on the CTs of other patients; some minutes of training make it better on one.

Trained in {report["seconds"] / 60:.0f} min on {report["device"]} from {report["started_from"]}: {report["steps"]} \
steps of {report["batch"]} X-rays, seed {report["seed"]}, all rendered and none shown twice alike.

## Measured

On {report["views"]} simulated single X-rays of these CTs that it had not seen, before any refinement: median error
{report["mtre_mm"]["50"]:.1f} mm, gross failures (more than 10 mm) {report["gross_failures"]:.0%}. \
What it does on another patient is in the card of the
model that begins with it.
"""
