"""How values are kept in a parameter node, in the form that Slicer keeps them in."""

import enum
import pathlib
import typing
from collections.abc import Callable
from typing import Any

from .annotations import IsInstance, NotNone, Validator

SCALARS: dict[type, tuple[Callable[[Any], str], Callable[[str], Any], Any]] = {
    bool: (lambda value: "True" if value else "False", lambda text: text == "True", False),
    int: (str, int, 0),
    float: (str, float, 0.0),
    str: (str, str, ""),
    pathlib.Path: (str, pathlib.Path, pathlib.Path()),
}


class Serializer:
    """Keeps values of one type under a name; ``validate`` refuses what is not allowed."""

    validators: typing.Sequence[Validator] = ()

    def validate(self, value: Any) -> None:
        """Raise ValueError or TypeError where the value is not allowed."""
        for validator in self.validators:
            validator.validate(value)

    def default(self) -> Any:
        """The value where none was ever set."""
        raise NotImplementedError

    def is_in(self, node: Any, name: str) -> bool:
        """Whether the node has a value."""
        return bool(node.HasParameter(name))

    def write(self, node: Any, name: str, value: Any) -> None:
        """Keep the value."""
        raise NotImplementedError

    def read(self, node: Any, name: str) -> Any:
        """The value kept."""
        raise NotImplementedError

    def remove(self, node: Any, name: str) -> None:
        """Forget the value."""
        node.UnsetParameter(name)


class ScalarSerializer(Serializer):
    """Numbers, truth, text and paths, as text."""

    def __init__(self, kind: type) -> None:
        self._to_text, self._from_text, self._default = SCALARS[kind]
        self.validators = [NotNone(), IsInstance((int, float) if kind is float else kind)]

    def default(self) -> Any:
        return self._default

    def write(self, node: Any, name: str, value: Any) -> None:
        node.SetParameter(name, self._to_text(value))

    def read(self, node: Any, name: str) -> Any:
        return self._from_text(node.GetParameter(name))


class EnumSerializer(Serializer):
    """A member of an enumeration, by its name."""

    def __init__(self, kind: type[enum.Enum]) -> None:
        self._kind = kind
        self.validators = [IsInstance(kind)]

    def default(self) -> Any:
        return next(iter(self._kind))

    def write(self, node: Any, name: str, value: Any) -> None:
        node.SetParameter(name, value.name)

    def read(self, node: Any, name: str) -> Any:
        key = node.GetParameter(name)
        if key not in self._kind.__members__:
            raise ValueError(f"Found {key!r} in parameter node but it is not a name in {self._kind!r}")
        return self._kind[key]


class NodeSerializer(Serializer):
    """A MRML node, by a node reference: it survives that the scene gives nodes new IDs."""

    def __init__(self, kind: type) -> None:
        self.validators = [IsInstance(kind)]

    def default(self) -> None:
        return None

    def write(self, node: Any, name: str, value: Any) -> None:
        node.SetParameter(name, "")  # tells "None was set" from "nothing was ever set"
        node.SetNodeReferenceID(name, value.GetID() if value else None)

    def read(self, node: Any, name: str) -> Any:
        return node.GetNodeReference(name)

    def remove(self, node: Any, name: str) -> None:
        super().remove(node, name)
        node.RemoveNodeReferenceIDs(name)


class NoneSerializer(Serializer):
    """Nothing, on purpose."""

    def validate(self, value: Any) -> None:
        if value is not None:
            raise ValueError("Value must be None")

    def default(self) -> None:
        return None

    def write(self, node: Any, name: str, value: Any) -> None:
        node.SetParameter(name, "True")

    def read(self, node: Any, name: str) -> None:
        return None
