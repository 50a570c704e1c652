"""The packages that XRay3D adds to Slicer's Python, by what they are needed for.

The requirements are those of the library's pyproject.toml. Not listed is what Slicer brings itself (NumPy, SciPy,
SimpleITK, pydicom, VTK), and what only the command line needs.
"""

from __future__ import annotations

from dataclasses import dataclass

from slicer.i18n import tr as _


@dataclass(frozen=True)
class Package:
    """A package from the Python Package Index.

    Attributes:
        requirement: name and versions, as in pyproject.toml.
        purpose: what XRay3D does with it, for the user to read.
        size_mb: approximate download for Linux, the largest, with the packages it brings along.
    """

    requirement: str
    purpose: str
    size_mb: int


@dataclass(frozen=True)
class Feature:
    """Something XRay3D can do once `packages` are there; `title` completes the sentence "… needs Python packages"."""

    title: str
    packages: tuple[Package, ...]


TORCH = Package("torch>=2.3", _("neural networks, through the PyTorch extension"), 900)

_RENDERING = (
    Package("warp-lang>=1.19", _("computes X-rays on the processor or an NVIDIA graphics card"), 150),
    Package("spekpy>=2.5", _("spectra of X-ray tubes"), 185),
    Package("xraydb>=4.5.6", _("attenuation of tissues and metals"), 10),
    Package("platformdirs>=4", _("finds the folder for downloaded sample data"), 1),
)

_OPENCV = Package("opencv-python-headless>=4.9", _("poses from landmarks, and image filters"), 60)

_NETWORKS = (
    TORCH,
    Package("monai>=1.4", _("networks and losses for medical images"), 2),
    Package("safetensors>=0.4", _("trained models in files that nothing runs from"), 1),
)

FEATURES = {
    "rendering": Feature(_("Simulating X-rays"), _RENDERING),
    "registration": Feature(_("Registering X-rays"), (*_RENDERING, _OPENCV)),
    "inpainting": Feature(_("Removing implants"), (*_RENDERING, _OPENCV, *_NETWORKS)),
    "reconstruction": Feature(_("Reconstructing vertebrae"), (*_RENDERING, _OPENCV, *_NETWORKS)),
    "training": Feature(_("Working with neural networks"), _NETWORKS),
}
"""What can be asked of `packages.ensure`, by name."""
