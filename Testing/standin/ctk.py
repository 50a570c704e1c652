"""``import ctk`` as in Slicer: the widgets of the Common Toolkit that scripted modules use."""

from standin.ctk_buttons import ctkCheckablePushButton, ctkCollapsibleButton, ctkCollapsibleGroupBox
from standin.ctk_inputs import (
    ctkCheckBox,
    ctkColorPickerButton,
    ctkComboBox,
    ctkCoordinatesWidget,
    ctkDirectoryButton,
    ctkMessageBox,
    ctkPathLineEdit,
)
from standin.ctk_sliders import (
    ctkDoubleRangeSlider,
    ctkDoubleSlider,
    ctkDoubleSpinBox,
    ctkRangeWidget,
    ctkSliderWidget,
)

__all__ = [
    "ctkCheckBox",
    "ctkCheckablePushButton",
    "ctkCollapsibleButton",
    "ctkCollapsibleGroupBox",
    "ctkColorPickerButton",
    "ctkComboBox",
    "ctkCoordinatesWidget",
    "ctkDirectoryButton",
    "ctkDoubleRangeSlider",
    "ctkDoubleSlider",
    "ctkDoubleSpinBox",
    "ctkMessageBox",
    "ctkPathLineEdit",
    "ctkRangeWidget",
    "ctkSliderWidget",
]
