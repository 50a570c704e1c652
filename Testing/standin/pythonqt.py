"""PythonQt's manners, given to PySide6's classes.

Slicer's Python reaches Qt through PythonQt, which differs from PySide6 in three ways that module code relies on:

- every Qt property is an attribute (``widget.text = "a"``, ``if widget.checked:``), not a pair of methods;
- ``widget.connect("clicked(bool)", function)`` names the signal by its C++ signature, and the function is handed as
  many arguments as it takes;
- an attribute that the C++ class does not have cannot be assigned, so that a misspelt property is an error.
"""

import inspect
from collections.abc import Callable
from functools import partial
from types import MethodDescriptorType
from typing import Any

from PySide6.QtCore import Property, QMetaObject, QObject
from shiboken6 import getCppPointer

# Virtual methods: Qt's own layouts call them by these names.
NOT_ATTRIBUTES = {"sizeHint", "minimumSizeHint"}

# By the C++ address of the sender (Python may make a new wrapper for the same object), then signal and function.
_connections: dict[int, dict[tuple[str, Any], Callable]] = {}


class PropertyAttribute:
    """One Qt property as a Python attribute. On the class itself the method of that name stays reachable."""

    def __init__(
        self, name: str, method: Any, getter: Callable | None, setter: Callable | None, writable: bool
    ) -> None:
        self.name = name
        self.method = method
        self.getter = getter
        self.setter = setter
        self.writable = writable

    def __get__(self, instance: QObject | None, owner: type) -> Any:
        if instance is None:
            return self.method.__get__(None, owner) if hasattr(self.method, "__get__") else self
        return self.getter(instance) if self.getter else instance.property(self.name)

    def __set__(self, instance: QObject, value: Any) -> None:
        if not self.writable:
            raise AttributeError(f"property '{self.name}' of '{type(instance).__name__}' object is not writable")
        if self.setter:
            self.setter(instance, value)
        elif not instance.setProperty(self.name, value):
            raise TypeError(f"property '{self.name}' of '{type(instance).__name__}' does not take {value!r}")


def adapt(qt_classes: list[type[QObject]]) -> None:
    """Give classes of PySide6 PythonQt's attributes and ``connect``."""
    lookups = [qt_class.__getattribute__ for qt_class in qt_classes]
    for qt_class, lookup in zip(qt_classes, lookups, strict=True):
        meta_object = qt_class.staticMetaObject
        for index in range(meta_object.propertyOffset(), meta_object.propertyCount()):
            qt_property = meta_object.property(index)
            if qt_property.name() not in NOT_ATTRIBUTES:
                _add_property(qt_class, qt_property.name(), qt_property.isWritable())
        qt_class.__setattr__ = _strict_setattr
        qt_class.__getattribute__ = _with_our_connect(lookup)
    QObject.name = property(lambda self: self.property("objectName"), lambda self, name: self.setObjectName(name))
    QObject.className = lambda self: self.metaObject().className()
    QObject.delete = QObject.deleteLater


def _with_our_connect(lookup: Callable) -> Callable:
    # PySide6 answers to these two names before it looks at the class, so replacing the methods would have no effect.
    def getattribute(self: QObject, name: str) -> Any:
        if name == "connect":
            return partial(connect, self)
        if name == "disconnect":
            return partial(disconnect, self)
        return lookup(self, name)

    return getattribute


def _add_property(qt_class: type[QObject], name: str, writable: bool) -> None:
    capital = name[0].upper() + name[1:]
    getters = [getattr(qt_class, candidate, None) for candidate in (name, "is" + capital, "has" + capital)]
    getter = next((g for g in getters if isinstance(g, MethodDescriptorType)), None)
    setter = getattr(qt_class, "set" + capital, None)
    setattr(qt_class, name, PropertyAttribute(name, qt_class.__dict__.get(name), getter, setter, writable))


def _strict_setattr(self: QObject, name: str, value: Any) -> None:
    owner = next((c for c in type(self).__mro__ if name in vars(c)), None)
    of_application = type(self).__module__.partition(".")[0] in ("PySide6", "standin")
    # Named children are attributes of their widget; reading a .ui file sets them.
    is_child = isinstance(value, QObject) and value.objectName == name
    if owner is None and of_application and not is_child and not name.startswith("_"):
        raise AttributeError(
            f"Attribute '{name}' does not exist and creation of new attributes on C++ objects is not allowed: "
            f"{type(self).__name__}"
        )
    descriptor = vars(owner)[name] if owner else None
    if isinstance(descriptor, Property):
        descriptor.fset(self, value)
    elif hasattr(type(descriptor), "__set__"):
        descriptor.__set__(self, value)
    else:
        self.__dict__[name] = value


def connect(sender: QObject, signal: str, receiver: Any, slot: str | None = None) -> bool:
    """``sender.connect("clicked(bool)", function)`` or ``sender.connect("changed()", receiver, "slot()")``.

    Raises:
        AttributeError: where the sender has no such signal.
    """
    function = receiver if slot is None else getattr(receiver, slot.partition("(")[0])
    deliver = _taking_what_fits(function, signal)
    _signal(sender, signal).connect(deliver)
    _connections_of(sender)[signal, function] = deliver
    return True


def disconnect(sender: QObject, signal: str, receiver: Any, slot: str | None = None) -> bool:
    """Undo ``connect``; False where there was no such connection."""
    function = receiver if slot is None else getattr(receiver, slot.partition("(")[0])
    deliver = _connections_of(sender).pop((signal, function), None)
    return deliver is not None and bool(_signal(sender, signal).disconnect(deliver))


def _signal(sender: QObject, signal: str) -> Any:
    """The signal of that name. A signal of Qt's own must have these arguments; one that is stood in for is declared
    in Python, where C++ argument types are unknown."""
    name = getattr(sender, "_signal_overloads", {}).get(signal, signal.partition("(")[0])
    owner = next((c for c in type(sender).__mro__ if name in vars(c)), None)
    of_qt = owner is not None and owner.__module__.startswith("PySide6")
    signature = bytes(QMetaObject.normalizedSignature(signal).data()).decode()
    known = sender.metaObject().indexOfSignal(signature) >= 0
    if not hasattr(getattr(sender, name, None), "connect") or (of_qt and not known):
        raise AttributeError(f"{type(sender).__name__} has no signal {signal}")
    return getattr(sender, name)


def _taking_what_fits(function: Callable, signal: str) -> Callable:
    sent = 0 if signal.replace(" ", "").endswith("()") else signal.count(",") + 1
    taken = min(sent, _positional_arguments(function))
    # PySide6 reads off the function how many arguments to send, so the number must be plain to see.
    return (lambda: function(), lambda a: function(a), lambda a, b: function(a, b))[taken]


def _positional_arguments(function: Callable) -> int:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin that does not tell: everything is passed, as PythonQt does
        return 99
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return 99
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def _connections_of(sender: QObject) -> dict[tuple[str, Any], Callable]:
    address = getCppPointer(sender)[0]
    if address not in _connections:
        _connections[address] = {}
        sender.destroyed.connect(lambda: _connections.pop(address, None))
    return _connections[address]
