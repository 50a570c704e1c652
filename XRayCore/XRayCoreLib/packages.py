"""Installation of Python packages at their first use, the Slicer way: asked for, with size and purpose.

torch comes through the PyTorch extension, which picks the build that fits the graphics card. Everything else goes
through slicer.packaging (Slicer 5.12 and later) or slicer.util.pip_install (before), and leaves that torch as it is.
"""

from __future__ import annotations

import importlib.metadata
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _

from XRayCoreLib.messages import PanelError
from XRayCoreLib.requirements import FEATURES, TORCH, Package

if TYPE_CHECKING:
    from packaging.requirements import Requirement

# pip_install keeps the application's events going, so a second button can be pressed while it works.
_installing = False


class PackagesMissing(PanelError):  # noqa: N818 - says what is so, not what went wrong
    """Packages are not there because the user declined, or because they could not be installed."""


def missing(feature: str) -> list[Package]:
    """What `ensure` would have to install; for whatever must not ask, such as a preview."""
    return [package for package in FEATURES[feature].packages if not _is_installed(package)]


def ensure(feature: str) -> None:
    """Return once the packages of a feature of `requirements.FEATURES` are installed, asking first if they are not.

    To be called on the main thread where a button or menu asked for the feature, never at start-up.

    Raises:
        PackagesMissing: the user declined, or they cannot be installed; the message is for the panel to show.
    """
    packages = missing(feature)
    if not packages:
        return
    _require_installer(packages)
    if not slicer.util.confirmOkCancelDisplay(_question(feature, packages), _("XRay3D - Install Python packages")):
        sentence = _("{title} needs Python packages that are not installed ({names}); try again to install them.")
        raise PackagesMissing(sentence.format(title=FEATURES[feature].title, names=_names(packages)))
    _install(packages)
    if left := missing(feature):
        raise PackagesMissing(_failure(left))


def _is_installed(package: Package) -> bool:
    requirement = _requirement(package)
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return requirement.specifier.contains(version, prereleases=True)


def _require_installer(packages: Sequence[Package]) -> None:
    """Refuse to begin what cannot be ended, before the user is asked."""
    if _installing:
        raise PackagesMissing(_("Python packages are being installed; try again when that is done."))
    if slicer.app.testingEnabled():
        sentence = _("Python packages are missing ({names}), and none are installed while Slicer is being tested.")
        raise PackagesMissing(sentence.format(names=_names(packages)))
    if TORCH in packages:
        _torch_installer()


def _question(feature: str, packages: Sequence[Package]) -> str:
    lines = "\n".join(f"- {_name(package)} ({package.size_mb} MB): {package.purpose}" for package in packages)
    text = _(
        "{title} needs Python packages that are not installed yet:\n\n{lines}\n\n"
        "Install them now? About {size} MB are downloaded, once; Slicer's Python environment is changed."
    )
    size_mb = sum(package.size_mb for package in packages)
    return text.format(title=FEATURES[feature].title, lines=lines, size=size_mb)


def _install(packages: Sequence[Package]) -> None:
    global _installing
    _installing = True
    try:
        if TORCH in packages:
            versions = str(_requirement(TORCH).specifier)
            _torch_installer().installTorch(askConfirmation=False, torchVersionRequirement=versions)
        _pip_install([package.requirement for package in packages if package is not TORCH])
    except Exception as error:  # pip, the network, the disk and two generations of installers: anything can be raised
        raise PackagesMissing(_failure(packages), traceback.format_exc()) from error
    finally:
        _installing = False
    importlib.invalidate_caches()


def _torch_installer() -> Any:
    """The logic of the PyTorch extension."""
    try:
        from PyTorchUtils import PyTorchUtilsLogic  # type: ignore[import-not-found]  # of the PyTorch extension
    except ModuleNotFoundError as error:
        raise PackagesMissing(
            _("Neural networks need the PyTorch extension; install it in the Extensions Manager and restart Slicer.")
        ) from error
    return PyTorchUtilsLogic()


def _pip_install(requirements: list[str]) -> None:
    if not requirements:
        return
    try:
        from slicer.packaging import pip_ensure
    except ModuleNotFoundError:  # Slicer 5.10 and older
        with slicer.util.WaitCursor():
            slicer.util.pip_install([*requirements, *_held()])
    else:
        with tempfile.TemporaryDirectory() as folder:
            constraints = Path(folder) / "constraints.txt"
            constraints.write_text("\n".join(_held()), encoding="utf-8")
            pip_ensure(requirements, constraints=constraints, prompt_install=False, requester="XRay3D")


def _held() -> list[str]:
    """The torch that is there, to be kept: pip would replace it where a package prefers a newer one."""
    try:
        return [f"torch=={importlib.metadata.version('torch')}"]
    except importlib.metadata.PackageNotFoundError:
        return []


def _failure(packages: Sequence[Package]) -> str:
    sentence = _("Python packages could not be installed ({names}); check the network and the disk and try again.")
    return sentence.format(names=_names(packages))


def _names(packages: Sequence[Package]) -> str:
    return ", ".join(_name(package) for package in packages)


def _name(package: Package) -> str:
    return _requirement(package).name


def _requirement(package: Package) -> Requirement:
    from packaging.requirements import Requirement  # deferred: no third-party package when a module file is imported

    return Requirement(package.requirement)
