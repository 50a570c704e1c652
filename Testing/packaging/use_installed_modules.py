"""What Slicer does with installed modules, in a process of its own that knows nothing else of the repository.

    python use_installed_modules.py FOLDER panels PICTURES   loads every module, builds its panel, saves its picture
    python use_installed_modules.py FOLDER test MODULE       runs a module's unit tests, as its CTest entry does

Prints, as JSON, what came of it. The stand-in for the application has to be importable.
"""

import json
import sys
import unittest
from pathlib import Path

import slicer
from PySide6.QtWidgets import QWidget

import standin


def panels(folder: Path, pictures: Path) -> dict[str, object]:
    """Build the panels of all modules in a folder, as Slicer does on the user's way through them."""
    names = sorted(path.stem for path in folder.glob("*.py"))
    widgets = {}
    for name in names:
        module = standin.make_module(name, folder)
        slicer.util.selectModule(name)
        widget = slicer.util.getModuleWidget(name)
        standin.grab(widget, pictures / f"{name}.png")
        widgets[name] = {
            "title": module.title,
            "help": module.helpText,
            "hidden": module.hidden,
            "icon": not module.icon.isNull(),
            "controls": len(widget.parent.findChildren(QWidget)),
        }
    return {"modules": widgets, "files": loaded_files()}


def test(folder: Path, name: str) -> dict[str, object]:
    """Run the tests in a module's file."""
    standin.make_module(name, folder)
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromName(name))
    return {
        "run": result.testsRun,
        "passed": result.wasSuccessful(),
        "skipped": len(result.skipped),
        "files": loaded_files(),
    }


def loaded_files() -> dict[str, str]:
    """Where the extension's own packages were loaded from."""
    modules = ("XRayCore", "DRRSimulator", "XRayInpainting", "XRayRegistration", "X23DReconstruction")
    own = ("xray3d", *modules, *(f"{module}Lib" for module in modules))
    return {name: str(sys.modules[name].__file__) for name in own if name in sys.modules}


if __name__ == "__main__":
    modules, verb, argument = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    sys.path.insert(0, str(modules))
    outcome = panels(modules, Path(argument)) if verb == "panels" else test(modules, argument)
    print(json.dumps(outcome))
