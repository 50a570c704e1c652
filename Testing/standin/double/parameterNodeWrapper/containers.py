"""How values made of several are kept: one of several types, lists and tuples."""

from collections.abc import Callable, MutableSequence
from typing import Any

import slicer

from .serializers import NoneSerializer, Serializer


class UnionSerializer(Serializer):
    """A value of one of several types; which of them is part of the name it is kept under."""

    def __init__(self, members: list[Serializer]) -> None:
        self._members = members

    def default(self) -> Any:
        optional = len(self._members) == 2 and isinstance(self._members[1], NoneSerializer)
        return None if optional else self._members[0].default()

    def validate(self, value: Any) -> None:
        self._index_for(value)

    def _index_for(self, value: Any) -> int:
        # None passes the test of a node's class too; where None is a type of its own, it is meant.
        order = sorted(range(len(self._members)), key=lambda i: not isinstance(self._members[i], NoneSerializer))
        problem: Exception = TypeError(f"Unable to write {value!r}")
        for index in order:
            try:
                self._members[index].validate(value)
            except (TypeError, ValueError) as error:
                problem = error
            else:
                return index
        raise problem

    def is_in(self, node: Any, name: str) -> bool:
        return any(member.is_in(node, f"{name}.{index}") for index, member in enumerate(self._members))

    def write(self, node: Any, name: str, value: Any) -> None:
        index = self._index_for(value)
        with slicer.util.NodeModify(node):
            self.remove(node, name)
            self._members[index].write(node, f"{name}.{index}", value)

    def read(self, node: Any, name: str) -> Any:
        for index, member in enumerate(self._members):
            if member.is_in(node, f"{name}.{index}"):
                return member.read(node, f"{name}.{index}")
        raise KeyError(f"The parameter node has no {name}")

    def remove(self, node: Any, name: str) -> None:
        for index, member in enumerate(self._members):
            member.remove(node, f"{name}.{index}")


class ObservedList(MutableSequence):
    """A list that is kept in the parameter node again whenever it changes."""

    def __init__(self, values: list[Any], save: Callable[[list[Any]], None]) -> None:
        self._values = values
        self._save = save

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: Any) -> Any:
        return self._values[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self._change(lambda values: values.__setitem__(index, value))

    def __delitem__(self, index: Any) -> None:
        self._change(lambda values: values.__delitem__(index))

    def insert(self, index: int, value: Any) -> None:
        """Put a value before the one of that number."""
        self._change(lambda values: values.insert(index, value))

    def _change(self, change: Callable[[list[Any]], None]) -> None:
        values = list(self._values)
        change(values)
        self._save(values)
        self._values = values

    def __eq__(self, other: object) -> bool:
        return self._values == (other._values if isinstance(other, ObservedList) else other)

    def __repr__(self) -> str:
        return f"ObservedList({self._values})"


class ListSerializer(Serializer):
    """Any number of values of one type."""

    def __init__(self, element: Serializer) -> None:
        self._element = element

    def default(self) -> Any:
        return []

    def validate(self, value: Any) -> None:
        for element in value:
            self._element.validate(element)

    def is_in(self, node: Any, name: str) -> bool:
        return bool(node.HasParameter(f"{name}.len"))

    def write(self, node: Any, name: str, value: Any) -> None:
        values = list(value)
        with slicer.util.NodeModify(node):
            self.remove(node, name)
            for index, element in enumerate(values):
                self._element.write(node, f"{name}.{index}", element)
            node.SetParameter(f"{name}.len", str(len(values)))

    def read(self, node: Any, name: str) -> ObservedList:
        values = [self._element.read(node, f"{name}.{index}") for index in range(self._length(node, name))]

        def save(changed: list[Any]) -> None:
            self.validate(changed)
            self.write(node, name, changed)

        return ObservedList(values, save)

    def remove(self, node: Any, name: str) -> None:
        for index in range(self._length(node, name)):
            self._element.remove(node, f"{name}.{index}")
        node.UnsetParameter(f"{name}.len")

    @staticmethod
    def _length(node: Any, name: str) -> int:
        return int(node.GetParameter(f"{name}.len") or 0)


class TupleSerializer(Serializer):
    """A fixed number of values, each of its own type."""

    def __init__(self, elements: list[Serializer]) -> None:
        self._elements = elements

    def default(self) -> Any:
        raise TypeError("Give the tuple a default: the one that Slicer makes up serves a single parameter node")

    def validate(self, value: Any) -> None:
        for element, part in zip(self._elements, value, strict=True):
            element.validate(part)

    def is_in(self, node: Any, name: str) -> bool:
        return self._elements[0].is_in(node, f"{name}.0")

    def write(self, node: Any, name: str, value: Any) -> None:
        with slicer.util.NodeModify(node):
            for index, (element, part) in enumerate(zip(self._elements, value, strict=True)):
                element.write(node, f"{name}.{index}", part)

    def read(self, node: Any, name: str) -> tuple[Any, ...]:
        return tuple(element.read(node, f"{name}.{index}") for index, element in enumerate(self._elements))

    def remove(self, node: Any, name: str) -> None:
        for index, element in enumerate(self._elements):
            element.remove(node, f"{name}.{index}")
