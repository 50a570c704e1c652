"""Which serializer keeps values of which type."""

import enum
import typing
from typing import Any

import slicer

from .annotations import Validator, split_annotations, union_members
from .containers import ListSerializer, TupleSerializer, UnionSerializer
from .serializers import SCALARS, EnumSerializer, NodeSerializer, NoneSerializer, ScalarSerializer, Serializer


def make_serializer(hint: Any) -> Serializer:
    """The serializer of a (possibly annotated) type.

    Raises:
        TypeError: for a type that the double does not know.
    """
    kind, annotations = split_annotations(hint)
    serializer = _plain_serializer(kind)
    serializer.validators = [*serializer.validators, *(a for a in annotations if isinstance(a, Validator))]
    return serializer


def _plain_serializer(kind: Any) -> Serializer:
    if kind in SCALARS:
        return ScalarSerializer(kind)
    if kind is type(None):
        return NoneSerializer()
    if union_members(kind):
        return UnionSerializer([make_serializer(member) for member in union_members(kind)])
    if typing.get_origin(kind) is list:
        return ListSerializer(make_serializer(typing.get_args(kind)[0]))
    if typing.get_origin(kind) is tuple:
        return TupleSerializer([make_serializer(member) for member in typing.get_args(kind)])
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return EnumSerializer(kind)
    if isinstance(kind, type) and issubclass(kind, slicer.vtkMRMLNode):
        return NodeSerializer(kind)
    raise TypeError(f"Unable to create serializer for type: {kind}")
