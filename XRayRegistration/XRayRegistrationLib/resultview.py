"""The panel's section on the last result."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from .report import Report
from .words import detailsInWords, numberInWords, verdictInWords

_ROW_HEIGHT_PX = 24
_STYLE = "background: {background}; color: {text}; border-radius: 4px; padding: 6px; font-weight: bold;"
_COLORS = {
    "accepted": {"background": "#d4edda", "text": "#155724"},
    "doubtful": {"background": "#fff3cd", "text": "#4d3800"},
    "failed": {"background": "#f8d7da", "text": "#721c24"},
}


class ResultView:
    """Verdict, details, and a row for each X-ray.

    Args:
        ui: the panel's widgets.
    """

    def __init__(self, ui) -> None:
        self._ui = ui
        table = ui.resultTable
        headings = [_("X-ray"), _("Similarity"), _("Moved"), _("Turned"), _("± along ray"), _("± across")]
        table.setColumnCount(len(headings))
        table.setHorizontalHeaderLabels(headings)
        table.verticalHeader().setVisible(False)
        table.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT_PX)
        header = table.horizontalHeader()
        header.setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(0, qt.QHeaderView.Stretch)
        self._shown: Report | None = None
        self._hasShown = False

    def show(self, report: Report | None) -> None:
        """Show a report; None for there being none."""
        if self._hasShown and report == self._shown:
            return
        self._shown, self._hasShown = report, True
        ui = self._ui
        ui.verdictLabel.text = _("Not registered yet.") if report is None else verdictInWords(report)
        ui.verdictLabel.setStyleSheet("" if report is None else _STYLE.format(**_COLORS[report.verdict]))
        ui.detailsLabel.text = "" if report is None else detailsInWords(report)
        ui.detailsLabel.setVisible(report is not None)
        self._fillTable(() if report is None or report.verdict == "failed" else report.xrays)

    def _fillTable(self, xrays) -> None:
        table = self._ui.resultTable
        table.setVisible(bool(xrays))
        table.setRowCount(len(xrays))
        for row, xray in enumerate(xrays):
            numbers = [(xray.similarity, ""), (xray.movedMm, "mm"), (xray.turnedDeg, "°")]
            numbers += [(xray.alongMm, "mm"), (xray.acrossMm, "mm")]
            for column, text in enumerate([xray.name, *(numberInWords(*number) for number in numbers)]):
                table.setItem(row, column, qt.QTableWidgetItem(text))
        table.setFixedHeight((len(xrays) + 1) * _ROW_HEIGHT_PX + _ROW_HEIGHT_PX // 2)
