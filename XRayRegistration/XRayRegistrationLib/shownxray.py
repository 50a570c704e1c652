"""Which of the chosen X-rays the overlay shows."""

from __future__ import annotations

from collections.abc import Callable

import slicer

from XRayCoreLib.messages import reporting

from .adjustment import Adjustment
from .hand import showXRay
from .parameters import writeAdjustment


class ShownXRay:
    """Keeps the combo box of chosen X-rays and the parameter node's `shownXray` the same.

    Args:
        comboBox: the panel's QComboBox.
        showMessage: shows a sentence and details in the panel.
    """

    def __init__(self, comboBox, showMessage: Callable[[str, str], None]) -> None:
        self._comboBox = comboBox
        self._showMessage = showMessage
        self._parameters = None
        self._nodes: list = []
        self._showing = False
        comboBox.connect("currentIndexChanged(int)", self._take)

    def connect(self, parameters) -> None:
        """Work on this parameter node."""
        self._parameters = parameters

    def disconnect(self) -> None:
        """Work on none."""
        self._parameters = None

    def show(self, nodes: list) -> None:
        """Offer these X-rays; the first one is shown where it was none of them."""
        parameters = self._parameters
        if parameters.shownXray not in nodes:
            with slicer.util.NodeModify(parameters):
                parameters.shownXray = nodes[0] if nodes else None
                writeAdjustment(parameters, Adjustment())  # it was meant in the directions of the other
        self._showing = True
        try:
            names = [node.GetName() for node in nodes]
            if nodes != self._nodes or names != [self._comboBox.itemText(n) for n in range(self._comboBox.count)]:
                self._nodes = list(nodes)
                self._comboBox.clear()
                for name in names:
                    self._comboBox.addItem(name)
            if nodes:
                self._comboBox.setCurrentIndex(nodes.index(parameters.shownXray))
        finally:
            self._showing = False

    def _take(self, index: int) -> None:
        if self._showing or self._parameters is None or index < 0:
            return
        with reporting(self._showMessage):
            try:
                showXRay(self._parameters, self._nodes[index])
            finally:
                self.show(self._nodes)
