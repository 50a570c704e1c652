"""Draws the icons: every SVG of this folder as a PNG of 128 x 128 pixels, at the place where Slicer looks for it."""

import os
from pathlib import Path

from PySide6.QtCore import QRectF
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SIZE_PX = 128
ICONS = Path(__file__).resolve().parent
ROOT = ICONS.parents[1]


def render(svg: Path, png: Path) -> None:
    """Write one icon as PNG, with a transparent background."""
    image = QImage(SIZE_PX, SIZE_PX, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(str(svg)).render(painter, QRectF(0, 0, SIZE_PX, SIZE_PX))
    painter.end()
    png.parent.mkdir(parents=True, exist_ok=True)
    if not image.save(str(png)):
        raise OSError(f"{png} could not be written.")


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QGuiApplication([])
    for source in sorted(ICONS.glob("*.svg")):
        # The extension's own icon stays here; a module's goes into the module's folder.
        home = ICONS if source.stem == "XRay3D" else ROOT / source.stem / "Resources" / "Icons"
        render(source, home / f"{source.stem}.png")
