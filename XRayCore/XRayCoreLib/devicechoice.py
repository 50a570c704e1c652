"""Where to compute: a choice for all modules, kept in the application's settings."""

from __future__ import annotations

from collections.abc import Callable

from XRayCoreLib import settings


class DeviceChoice:
    """A panel's combo box of devices.

    Args:
        comboBox: to be filled.
        onChanged: called after the user chose another device.
    """

    def __init__(self, comboBox, onChanged: Callable[[], None]) -> None:
        self._comboBox = comboBox
        self._onChanged = onChanged
        self._choices = list(settings.device_choices())
        for text in settings.device_choices().values():
            comboBox.addItem(text)
        comboBox.setCurrentIndex(self._choices.index(settings.device_choice()))
        comboBox.connect("currentIndexChanged(int)", self._take)

    def _take(self, index: int) -> None:
        settings.set_device_choice(self._choices[index])
        self._onChanged()
