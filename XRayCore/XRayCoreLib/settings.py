"""What holds for all of XRay3D's modules and outlives the session: so far, where to compute."""

from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _

AUTOMATIC = "auto"
_DEVICE_KEY = "XRay3D/Device"


def device_choices() -> dict[str, str]:
    """What the user can choose between, as `device_choice` values with what to call them."""
    return {
        AUTOMATIC: _("Automatic: the graphics card if it can be used"),
        "cuda": _("NVIDIA graphics card"),
        "cpu": _("Processor"),
    }


def device_choice() -> str:
    """The user's choice, "auto" until there is one."""
    choice = slicer.util.settingsValue(_DEVICE_KEY, AUTOMATIC)
    return choice if choice in device_choices() else AUTOMATIC


def set_device_choice(choice: str) -> None:
    """Remember a choice, one of `device_choices`."""
    qt.QSettings().setValue(_DEVICE_KEY, choice)


def chosen_device() -> str | None:
    """The device that the user chose, "cpu" or "cuda"; None where that is left to XRay3D."""
    choice = device_choice()
    return None if choice == AUTOMATIC else choice


def device() -> str:
    """The library's name of the device to compute on, "cpu" or "cuda"; needs the packages of "rendering".

    Somebody who chose the graphics card gets "cuda" even where it has gone, and with it the library's DeviceError
    rather than a wait of unknown cause.
    """
    choice = chosen_device()
    if choice is not None:
        return choice
    from xray3d.drr.device import has_cuda

    return "cuda" if has_cuda() else "cpu"
