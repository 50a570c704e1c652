"""The model at work, kept for the next X-rays."""

from __future__ import annotations

from slicer.i18n import tr as _

from XRayCoreLib.messages import PanelError


class Inpainters:
    """Reads the model when it is first asked for; free of MRML."""

    def __init__(self) -> None:
        self._device = ""
        self._inpainter = None

    def on(self, device: str | None):
        """The library's Inpainter on a device; None for the graphics card if it can be used.

        Raises:
            PanelError: PyTorch cannot use the graphics card that was asked for.
            DeviceError: there is none.
            ModelError: the model is damaged.
        """
        from xray3d.inpainting.inpainter import Inpainter  # with PyTorch, which takes seconds to import

        usable = _usable(device)
        if self._inpainter is None or self._device != usable:
            self._inpainter = Inpainter.shipped(usable)
            self._device = usable
        return self._inpainter


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
