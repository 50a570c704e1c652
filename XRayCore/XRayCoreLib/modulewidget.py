"""What the widget classes of all modules do; each imports this when its panel is built, not before."""

from __future__ import annotations

import sys

import slicer


def buildPanel(widget, panelClass):
    """Load a module's .ui file into its widget and return its panel, opened.

    Args:
        widget: the ScriptedLoadableModuleWidget; it has its `logic` already and is given its `ui`.
        panelClass: of the module's panel, a PanelBase.
    """
    uiWidget = slicer.util.loadUI(widget.resourcePath(f"UI/{widget.moduleName}.ui"))
    widget.layout.addWidget(uiWidget)
    widget.ui = slicer.util.childWidgetVariables(uiWidget)
    uiWidget.setMRMLScene(slicer.mrmlScene)
    panel = panelClass(widget.ui, widget.logic, lambda: widget.parent.isEntered)
    panel.open()
    return panel


def forgetPackage(name: str) -> None:
    """Have a module's library folder imported anew, which Slicer's reload leaves out."""
    for loaded in [loaded for loaded in sys.modules if loaded.partition(".")[0] == name]:
        del sys.modules[loaded]
