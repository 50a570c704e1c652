"""What ``Annotated[type, ...]`` may say about a parameter."""

import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


class Default:
    """The value of a parameter that was never set; made anew each time where a generator is given."""

    def __init__(self, value: Any = None, *, generator: Callable[[], Any] | None = None) -> None:
        self._value = value
        self._generator = generator

    @property
    def value(self) -> Any:
        """The default value."""
        return self._generator() if self._generator else self._value


@dataclass
class Decimals:
    """How many decimals a widget shows."""

    value: int


@dataclass
class SingleStep:
    """By how much a widget's arrows change the number."""

    value: float


class Validator:
    """Base of the conditions on a parameter's value."""

    def validate(self, value: Any) -> None:
        """Raise ValueError or TypeError where the value is not allowed."""
        raise NotImplementedError


class NotNone(Validator):
    """There must be a value."""

    def validate(self, value: Any) -> None:
        """Raise ValueError for None."""
        if value is None:
            raise ValueError("Value must not be None")


@dataclass
class IsInstance(Validator):
    """The value is None or of this class."""

    classtype: Any

    def validate(self, value: Any) -> None:
        """Raise TypeError for another class."""
        if value is not None and not isinstance(value, self.classtype):
            raise TypeError(f"Value must be of type '{self.classtype}', is {value!r}")


@dataclass
class WithinRange(Validator):
    """Both limits are allowed."""

    minimum: float
    maximum: float

    def validate(self, value: Any) -> None:
        """Raise ValueError outside."""
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"Value must be within [{self.minimum}, {self.maximum}], is {value}")


@dataclass
class Minimum(Validator):
    """The limit is allowed."""

    minimum: float

    def validate(self, value: Any) -> None:
        """Raise ValueError below."""
        if value < self.minimum:
            raise ValueError(f"Value must be at least {self.minimum}, is {value}")


@dataclass
class Maximum(Validator):
    """The limit is allowed."""

    maximum: float

    def validate(self, value: Any) -> None:
        """Raise ValueError above."""
        if value > self.maximum:
            raise ValueError(f"Value must be at most {self.maximum}, is {value}")


@dataclass
class Choice(Validator):
    """One of these."""

    choices: Sequence[Any]

    def validate(self, value: Any) -> None:
        """Raise ValueError for anything else."""
        if value not in self.choices:
            raise ValueError(f"Value must be one of {list(self.choices)}, is {value!r}")


@dataclass
class Exclude(Validator):
    """None of these."""

    excludedValues: Sequence[Any]

    def validate(self, value: Any) -> None:
        """Raise ValueError for one of them."""
        if value in self.excludedValues:
            raise ValueError(f"Value must not be {value!r}")


def split_annotations(hint: Any) -> tuple[Any, list[Any]]:
    """``Annotated[float, a, b]`` → ``float, [a, b]``; a plain type has no annotations."""
    if typing.get_origin(hint) is typing.Annotated:
        plain, *annotations = typing.get_args(hint)
        return plain, annotations
    return hint, []


def find(annotations: list[Any], kind: type) -> Any:
    """The first annotation of that kind, None where there is none."""
    return next((annotation for annotation in annotations if isinstance(annotation, kind)), None)


def union_members(hint: Any) -> tuple[Any, ...]:
    """``A | None`` and ``Optional[A]`` → ``(A, NoneType)``; empty for anything but a union."""
    plain = split_annotations(hint)[0]
    return typing.get_args(plain) if typing.get_origin(plain) in (typing.Union, types.UnionType) else ()
