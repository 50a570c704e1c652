"""CTK's sliders and spin boxes for floating point numbers."""

import math

from PySide6.QtCore import Property, Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QHBoxLayout, QSlider, QWidget

from standin.widget_properties import forwarded, stored, with_setters

# Qt's sliders count in integers: this many steps from end to end.
SLIDER_STEPS = 10_000


@with_setters
class ctkDoubleSpinBox(QDoubleSpinBox):  # noqa: N801  CTK's name
    """A spin box; CTK adds options of display that have no effect on its value."""

    decimalsOption = stored(int, "decimalsOption", 0)
    invertedControls = stored(bool, "invertedControls", False)

    def setRange(self, minimum: float, maximum: float) -> None:
        """CTK takes infinity for "no limit"; Qt's spin box does not."""
        super().setRange(_finite(minimum), _finite(maximum))


def _finite(value: float) -> float:
    return max(-1e300, min(1e300, value)) if math.isinf(value) else value


@with_setters
class ctkDoubleSlider(QWidget):  # noqa: N801
    """A slider over a range of floating point numbers."""

    valueChanged = Signal(float)
    sliderMoved = Signal(float)
    sliderPressed = Signal()
    sliderReleased = Signal()
    rangeChanged = Signal(float, float)

    def __init__(self, *arguments: object) -> None:
        super().__init__(_parent(arguments))
        self._value, self._minimum, self._maximum = 0.0, 0.0, 99.0
        self._slider = QSlider(_orientation(arguments))
        self._slider.setRange(0, SLIDER_STEPS)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider)
        self._slider.valueChanged.connect(self._take_slider)
        self._slider.sliderPressed.connect(self.sliderPressed)
        self._slider.sliderReleased.connect(self.sliderReleased)

    singleStep = stored(float, "singleStep", 1.0)
    pageStep = stored(float, "pageStep", 10.0)
    tracking = stored(bool, "tracking", True)

    def _get_value(self) -> float:
        return self._value

    def _set_value(self, value: float) -> None:
        value = max(self._minimum, min(self._maximum, value))
        changed, self._value = value != self._value, value
        self._show_value()
        if changed:
            self.valueChanged.emit(value)

    value = Property(float, _get_value, _set_value, notify=valueChanged)

    def setRange(self, minimum: float, maximum: float) -> None:
        """Both ends at once; the value is moved inside."""
        self._minimum, self._maximum = minimum, max(minimum, maximum)
        self.rangeChanged.emit(self._minimum, self._maximum)
        self._set_value(self._value)

    minimum = Property(float, lambda self: self._minimum, lambda self, m: self.setRange(m, max(m, self._maximum)))
    maximum = Property(float, lambda self: self._maximum, lambda self, m: self.setRange(min(m, self._minimum), m))
    orientation = forwarded(Qt.Orientation, "_slider", "orientation")

    def _show_value(self) -> None:
        length = self._maximum - self._minimum
        share = (self._value - self._minimum) / length if length > 0 and math.isfinite(length) else 0.0
        blocked = self._slider.blockSignals(True)
        self._slider.setValue(round(share * SLIDER_STEPS))
        self._slider.blockSignals(blocked)

    def _take_slider(self, position: int) -> None:
        value = self._minimum + position / SLIDER_STEPS * (self._maximum - self._minimum)
        step = self.singleStep
        self._set_value(self._minimum + round((value - self._minimum) / step) * step if step > 0 else value)
        self.sliderMoved.emit(self._value)


@with_setters
class ctkSliderWidget(QWidget):  # noqa: N801
    """A slider and a spin box that show the same number."""

    valueChanged = Signal(float)
    valueIsChanging = Signal(float)
    editingFinished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._slider = ctkDoubleSlider(self)
        self._spin_box = ctkDoubleSpinBox(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider, 1)
        layout.addWidget(self._spin_box)
        self._slider.valueChanged.connect(self._set_value)
        self._spin_box.valueChanged.connect(self._take_spin_box)
        self._spin_box.editingFinished.connect(self.editingFinished)
        self._value = 0.0

    decimals = forwarded(int, "_spin_box", "decimals")
    prefix = forwarded(str, "_spin_box", "prefix")
    suffix = forwarded(str, "_spin_box", "suffix")
    pageStep = forwarded(float, "_slider", "pageStep")
    tracking = forwarded(bool, "_slider", "tracking")
    orientation = forwarded(Qt.Orientation, "_slider", "orientation")
    tickInterval = stored(float, "tickInterval", 0.0)
    spinBoxVisible = stored(bool, "spinBoxVisible", True)
    invertedAppearance = stored(bool, "invertedAppearance", False)

    def _set_value(self, value: float) -> None:
        # The spin box rounds to its decimals and keeps to its range: what it shows is the value.
        blocked = self._spin_box.blockSignals(True)
        self._spin_box.setValue(value)
        self._spin_box.blockSignals(blocked)
        self._take_spin_box(self._spin_box.value)

    def _take_spin_box(self, value: float) -> None:
        changed, self._value = value != self._value, value
        blocked = self._slider.blockSignals(True)
        self._slider.value = value
        self._slider.blockSignals(blocked)
        if changed:
            self.valueIsChanging.emit(value)
            self.valueChanged.emit(value)

    value = Property(float, lambda self: self._value, _set_value, notify=valueChanged)

    def setRange(self, minimum: float, maximum: float) -> None:
        """Both ends at once; the value is moved inside."""
        blocked = self._spin_box.blockSignals(True)
        self._slider.setRange(minimum, maximum)
        self._spin_box.setRange(minimum, maximum)
        self._spin_box.blockSignals(blocked)
        self._set_value(self._spin_box.value)

    minimum = Property(
        float, lambda self: self._slider.minimum, lambda self, m: self.setRange(m, max(m, self._slider.maximum))
    )
    maximum = Property(
        float, lambda self: self._slider.maximum, lambda self, m: self.setRange(min(m, self._slider.minimum), m)
    )

    def _set_single_step(self, step: float) -> None:
        self._slider.singleStep = step
        self._spin_box.singleStep = step

    singleStep = Property(float, lambda self: self._slider.singleStep, _set_single_step)


@with_setters
class ctkRangeWidget(QWidget):  # noqa: N801
    """Two numbers, the lower never above the upper."""

    valuesChanged = Signal(float, float)
    minimumValueChanged = Signal(float)
    maximumValueChanged = Signal(float)
    rangeChanged = Signal(float, float)

    def __init__(self, *arguments: object) -> None:
        super().__init__(_parent(arguments))
        self._minimum, self._maximum = 0.0, 99.0
        self._lower, self._upper = ctkSliderWidget(self), ctkSliderWidget(self)
        self._upper.value = 99.0
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._lower, 0, 0)
        layout.addWidget(self._upper, 0, 1)
        self._lower.valueChanged.connect(lambda value: self.setValues(value, max(value, self._upper.value)))
        self._upper.valueChanged.connect(lambda value: self.setValues(min(value, self._lower.value), value))
        self._values = (0.0, 99.0)

    singleStep = stored(float, "singleStep", 1.0)
    decimals = stored(int, "decimals", 2)
    suffix = stored(str, "suffix", "")

    def setValues(self, lower: float, upper: float) -> None:
        """Both numbers at once, moved inside the range."""
        lower, upper = (max(self._minimum, min(self._maximum, value)) for value in sorted((lower, upper)))
        for slider, value in ((self._lower, lower), (self._upper, upper)):
            blocked = slider.blockSignals(True)
            slider.value = value
            slider.blockSignals(blocked)
        before, self._values = self._values, (lower, upper)
        if before[0] != lower:
            self.minimumValueChanged.emit(lower)
        if before[1] != upper:
            self.maximumValueChanged.emit(upper)
        if before != self._values:
            self.valuesChanged.emit(lower, upper)

    def setRange(self, minimum: float, maximum: float) -> None:
        """The limits of both numbers."""
        self._minimum, self._maximum = minimum, max(minimum, maximum)
        for slider in (self._lower, self._upper):
            blocked = slider.blockSignals(True)
            slider.setRange(self._minimum, self._maximum)
            slider.blockSignals(blocked)
        self.rangeChanged.emit(self._minimum, self._maximum)
        self.setValues(*self._values)

    minimum = Property(float, lambda self: self._minimum, lambda self, m: self.setRange(m, max(m, self._maximum)))
    maximum = Property(float, lambda self: self._maximum, lambda self, m: self.setRange(min(m, self._minimum), m))
    minimumValue = Property(
        float, lambda self: self._values[0], lambda self, v: self.setValues(v, max(v, self._values[1]))
    )
    maximumValue = Property(
        float, lambda self: self._values[1], lambda self, v: self.setValues(min(v, self._values[0]), v)
    )


class ctkDoubleRangeSlider(ctkRangeWidget):  # noqa: N801
    """The range widget without its spin boxes, in CTK; its values behave the same."""


def _parent(arguments: tuple[object, ...]) -> QWidget | None:
    return next((a for a in arguments if isinstance(a, QWidget)), None)


def _orientation(arguments: tuple[object, ...]) -> Qt.Orientation:
    return next((a for a in arguments if isinstance(a, Qt.Orientation)), Qt.Orientation.Horizontal)
