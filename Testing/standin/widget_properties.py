"""Short ways to declare the Qt properties of the widgets that are stood in for."""

from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import Property

WidgetClass = TypeVar("WidgetClass", bound=type)


def stored(kind: Any, name: str, default: Any) -> Property:
    """A property that the widget keeps and shows nothing of."""
    attribute = f"_stored_{name}"

    def read(self: Any) -> Any:
        return getattr(self, attribute, default)

    def write(self: Any, value: Any) -> None:
        setattr(self, attribute, value)

    return Property(kind, read, write)


def forwarded(kind: Any, child: str, name: str) -> Property:
    """A property that is really the property ``name`` of the child widget kept in the attribute ``child``."""

    def read(self: Any) -> Any:
        return getattr(getattr(self, child), name)

    def write(self: Any, value: Any) -> None:
        setattr(getattr(self, child), name, value)

    return Property(kind, read, write)


def with_setters(widget_class: WidgetClass) -> WidgetClass:
    """Every writable property of a C++ widget also has its slot: ``setText`` beside ``text``."""
    for name, member in list(vars(widget_class).items()):
        setter = "set" + name[0].upper() + name[1:]
        if isinstance(member, Property) and member.fset and not hasattr(widget_class, setter):
            setattr(widget_class, setter, _setter(name))
    return widget_class


def _setter(name: str) -> Callable:
    return lambda self, value: setattr(self, name, value)
