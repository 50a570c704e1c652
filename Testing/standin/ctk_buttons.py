"""CTK's collapsible sections and its push button with a check box."""

from PySide6.QtCore import Property, QChildEvent, QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPolygon
from PySide6.QtWidgets import QAbstractButton, QGroupBox, QPushButton, QStyle, QStyleOptionButton, QWidget

from standin.widget_properties import stored, with_setters

HEADER_HEIGHT_PX = 24


@with_setters
class ctkCollapsibleButton(QAbstractButton):  # noqa: N801  CTK's name
    """A header that shows or hides the widgets laid out below it."""

    contentsCollapsed = Signal(bool)

    def __init__(self, *arguments: object) -> None:
        super().__init__(next((a for a in arguments if isinstance(a, QWidget)), None))
        self._collapsed = False
        self.setText(next((a for a in arguments if isinstance(a, str)), ""))
        self.setCheckable(True)
        self.setChecked(True)
        self.setContentsMargins(0, HEADER_HEIGHT_PX, 0, 0)
        self.toggled.connect(lambda checked: self._set_collapsed(not checked))

    collapsedHeight = stored(int, "collapsedHeight", 10)
    flat = stored(bool, "flat", False)

    def _set_collapsed(self, collapsed: bool) -> None:
        if collapsed == self._collapsed:
            return
        self._collapsed = collapsed
        for child in self._contents():
            child.setVisible(not collapsed)
        self.setChecked(not collapsed)
        self.updateGeometry()
        self.contentsCollapsed.emit(collapsed)

    collapsed = Property(bool, lambda self: self._collapsed, _set_collapsed)

    def _contents(self) -> list[QWidget]:
        return [child for child in self.children() if isinstance(child, QWidget)]

    def childEvent(self, event: QChildEvent) -> None:
        """A widget added to a collapsed section is hidden like the others."""
        child = event.child()
        if event.type() == QEvent.Type.ChildPolished and self._collapsed and isinstance(child, QWidget):
            child.setVisible(False)
        super().childEvent(event)

    def sizeHint(self) -> QSize:
        """The header, and the contents unless collapsed."""
        header = QSize(self.fontMetrics().horizontalAdvance(self.text) + 40, HEADER_HEIGHT_PX)
        if self._collapsed or self.layout() is None:
            return header
        return self.layout().totalSizeHint().expandedTo(header)

    def minimumSizeHint(self) -> QSize:
        """Contents are never squeezed out of sight."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A button's face with an arrow: to the right when collapsed, down when open."""
        painter = QPainter(self)
        option = QStyleOptionButton()
        option.initFrom(self)
        option.rect.setHeight(HEADER_HEIGHT_PX - 2)
        self.style().drawControl(QStyle.ControlElement.CE_PushButtonBevel, option, painter, self)
        arrow = [(8, 6), (8, 16), (15, 11)] if self._collapsed else [(6, 8), (16, 8), (11, 15)]
        painter.setBrush(self.palette.text())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawPolygon(QPolygon([QPoint(x, y) for x, y in arrow]))
        painter.setPen(self.palette.text().color())
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(option.rect.adjusted(24, 0, 0, 0), left, self.text.replace("&&", "&"))


@with_setters
class ctkCollapsibleGroupBox(QGroupBox):  # noqa: N801
    """A group box that can be folded; unfolded while it is checked."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.setCheckable(True)
        self.toggled.connect(self._show_contents)

    collapsed = Property(bool, lambda self: not self.checked, lambda self, c: self.setChecked(not c))
    collapsedHeight = stored(int, "collapsedHeight", 10)

    def _show_contents(self, visible: bool) -> None:
        for child in self.children():
            if isinstance(child, QWidget):
                child.setVisible(visible)


@with_setters
class ctkCheckablePushButton(QPushButton):  # noqa: N801
    """A push button with a check box in it that makes the button stay down."""

    checkBoxToggled = Signal(bool)

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self._check_state = Qt.CheckState.Unchecked

    checkBoxControlsButton = stored(bool, "checkBoxControlsButton", True)
    checkBoxControlsButtonToggleState = stored(bool, "checkBoxControlsButtonToggleState", True)
    checkBoxUserCheckable = stored(bool, "checkBoxUserCheckable", True)

    def _set_check_state(self, state: Qt.CheckState) -> None:
        changed, self._check_state = state != self._check_state, Qt.CheckState(state)
        if changed:
            checked = self._check_state == Qt.CheckState.Checked
            if self.checkBoxControlsButtonToggleState:
                self.setCheckable(checked)
            self.checkBoxToggled.emit(checked)

    checkState = Property(Qt.CheckState, lambda self: self._check_state, _set_check_state)
