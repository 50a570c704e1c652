"""The report: one HTML page that holds its pictures, so that it can be mailed."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

from xray3d import __version__
from xray3d.demo.patient import DemoPatient
from xray3d.demo.scene import DemoScene
from xray3d.demo.views import PIXEL_MM, SDD_MM, SIZE_PX, SOD_MM, DemoPicture, DemoView

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1180px; padding: 0 1rem; color: #1b2733 }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin: 2rem 0 .4rem }
p { margin: .3rem 0 } .note { color: #54616d }
.row { display: flex; flex-wrap: wrap; gap: .7rem }
figure { margin: 0; flex: 1 1 200px; max-width: 260px } img { width: 100%; background: #000; border-radius: 4px }
figcaption { color: #54616d; font-size: .85rem }
"""


def report_html(patient: DemoPatient, views: Sequence[DemoView], scene: DemoScene) -> str:
    """The page as text."""
    rows, columns = SIZE_PX
    spacing = " × ".join(f"{n:.2f}" for n in patient.ct.spacing_mm)
    size = " × ".join(str(n) for n in patient.ct.size_ijk)
    isocenter = ", ".join(f"{n:.1f}" for n in patient.isocenter_ras)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>XRay3D demonstration</title><style>{_STYLE}</style></head><body>
<h1>From a CT to X-rays</h1>
{"".join(f"<p>{escape(line)}</p>" for line in patient.story)}
<p class="note">CT of {size} voxels, {spacing} mm. C-arm: source to detector {SDD_MM:g} mm, source to isocentre
{SOD_MM:g} mm, isocentre at RAS ({isocenter}) mm, {rows} × {columns} pixels of {PIXEL_MM[0]:g} × {PIXEL_MM[1]:g} mm.
Pictures hang as on a light box: the letter marks the side of the patient that lies to the left. The .nrrd files beside
this page hold the images as the source sees them, each with its geometry in a .json file.</p>
{_scene_section(scene)}
{"".join(_section(view) for view in views)}
<p class="note">Made by XRay3D {escape(__version__)}.</p>
</body></html>
"""


def _scene_section(scene: DemoScene) -> str:
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in scene.notes)
    if scene.file is None:
        return notes
    return f"""<h2>In 3D Slicer</h2>
<p class="note">{escape(scene.file.name)} beside this page holds the CT, the X-rays on their detectors, the C-arms, the
bone surface and the implants, for 3D Slicer to open.</p>{notes}
<div class="row">{"".join(_figure(picture) for picture in scene.pictures)}</div>
"""


def _section(view: DemoView) -> str:
    cut = f"; {view.cut_share:.0%} of the rays leave the body where the CT ends" if view.cut_share > 0.005 else ""
    return f"""<h2>{escape(view.name)}</h2>
<p class="note">primary angle {view.primary_deg:+g}°, secondary angle {view.secondary_deg:+g}°;
line integrals rendered in {1000 * view.seconds:.0f} ms{cut}</p>
<div class="row">{"".join(_figure(picture) for picture in view.pictures)}</div>
"""


def _figure(picture: DemoPicture) -> str:
    data = base64.b64encode(picture.file.read_bytes()).decode("ascii")
    caption = escape(picture.caption)
    return (
        f'<figure><img alt="{caption}" src="data:image/png;base64,{data}"><figcaption>{caption}</figcaption></figure>'
    )
