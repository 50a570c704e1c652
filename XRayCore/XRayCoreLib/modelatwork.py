"""A model at work, kept for the next X-rays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _

from XRayCoreLib.messages import PanelError


class ModelAtWork:
    """Reads a model when it is first asked for; free of MRML.

    Args:
        read: makes what works with the model, on a device: "cpu" or "cuda".
    """

    def __init__(self, read: Callable[[str], Any]) -> None:
        self._read = read
        self._device = ""
        self._made: Any = None

    def on(self, device: str | None) -> Any:
        """What works with the model on a device; None for the graphics card if it can be used.

        Raises:
            PanelError: PyTorch cannot use the graphics card that was asked for.
            DeviceError: there is none.
            ModelError: the model is not there, or damaged.
        """
        usable = _usable(device)
        if self._made is None or self._device != usable:
            self._made = self._read(usable)
            self._device = usable
        return self._made


def _usable(device: str | None) -> str:
    import torch

    from xray3d.drr.device import has_cuda

    canUse = torch.cuda.is_available()
    if device is None:
        return "cuda" if has_cuda() and canUse else "cpu"
    if device.startswith("cuda") and has_cuda() and not canUse:
        sentence = _("This PyTorch cannot use the graphics card; choose another device to compute on.")
        raise PanelError(sentence)
    return device
