"""The table of vertebrae that were reconstructed."""

from __future__ import annotations

from collections.abc import Sequence

import qt
from slicer.i18n import tr as _

_ROW_HEIGHT_PX = 24


class FoundTable:
    """One row for each vertebra.

    Args:
        table: the panel's QTableWidget.
    """

    def __init__(self, table) -> None:
        self._table = table
        self._shown: list | None = None
        headings = [_("Level"), _("Volume"), _("± mean"), _("± largest"), _("X-rays")]
        table.setColumnCount(len(headings))
        table.setHorizontalHeaderLabels(headings)
        table.verticalHeader().setVisible(False)
        table.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT_PX)
        header = table.horizontalHeader()
        header.setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(0, qt.QHeaderView.Stretch)

    def show(self, findings: Sequence) -> None:
        """List these, the `Finding`s of `xray3d.mrml.reconstruction`."""
        if list(findings) == self._shown:
            return
        self._shown = list(findings)
        self._table.setRowCount(len(findings))
        for row, finding in enumerate(findings):
            sigmas = [f"{sigma:.1f} mm" for sigma in (finding.sigma_mm, finding.largest_sigma_mm)]
            texts = [finding.level, f"{finding.volume_ml:.1f} ml", *sigmas, str(len(finding.views))]
            for column, text in enumerate(texts):
                item = qt.QTableWidgetItem(text)
                item.setToolTip(_("From {names}").format(names=", ".join(finding.views)))
                self._table.setItem(row, column, item)
