from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Target(_message.Message):
    __slots__ = ("output_class", "unit")
    OUTPUT_CLASS_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    output_class: ClassTarget
    unit: UnitTarget
    def __init__(self, output_class: _Optional[_Union[ClassTarget, _Mapping]] = ..., unit: _Optional[_Union[UnitTarget, _Mapping]] = ...) -> None: ...

class ClassTarget(_message.Message):
    __slots__ = ("index",)
    INDEX_FIELD_NUMBER: _ClassVar[int]
    index: int
    def __init__(self, index: _Optional[int] = ...) -> None: ...

class UnitTarget(_message.Message):
    __slots__ = ("layer", "channel", "position")
    LAYER_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    layer: str
    channel: int
    position: Position
    def __init__(self, layer: _Optional[str] = ..., channel: _Optional[int] = ..., position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class Position(_message.Message):
    __slots__ = ("coordinates",)
    COORDINATES_FIELD_NUMBER: _ClassVar[int]
    coordinates: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, coordinates: _Optional[_Iterable[int]] = ...) -> None: ...

class ResolvedTarget(_message.Message):
    __slots__ = ("kind", "tensor", "layer", "channel", "position", "value", "label", "image")
    KIND_FIELD_NUMBER: _ClassVar[int]
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    kind: str
    tensor: str
    layer: str
    channel: int
    position: _containers.RepeatedScalarFieldContainer[int]
    value: float
    label: str
    image: int
    def __init__(self, kind: _Optional[str] = ..., tensor: _Optional[str] = ..., layer: _Optional[str] = ..., channel: _Optional[int] = ..., position: _Optional[_Iterable[int]] = ..., value: _Optional[float] = ..., label: _Optional[str] = ..., image: _Optional[int] = ...) -> None: ...
