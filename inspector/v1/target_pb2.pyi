from inspector.v1 import tensor_pb2 as _tensor_pb2
from inspector.v1 import value_pb2 as _value_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Reduction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REDUCTION_UNSPECIFIED: _ClassVar[Reduction]
    REDUCTION_MEAN: _ClassVar[Reduction]
    REDUCTION_SUM: _ClassVar[Reduction]
    REDUCTION_MAX: _ClassVar[Reduction]
REDUCTION_UNSPECIFIED: Reduction
REDUCTION_MEAN: Reduction
REDUCTION_SUM: Reduction
REDUCTION_MAX: Reduction

class Target(_message.Message):
    __slots__ = ("output_class", "unit", "element", "region", "direction", "combination")
    OUTPUT_CLASS_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    ELEMENT_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    COMBINATION_FIELD_NUMBER: _ClassVar[int]
    output_class: ClassTarget
    unit: UnitTarget
    element: ElementTarget
    region: RegionTarget
    direction: DirectionTarget
    combination: CombinationTarget
    def __init__(self, output_class: _Optional[_Union[ClassTarget, _Mapping]] = ..., unit: _Optional[_Union[UnitTarget, _Mapping]] = ..., element: _Optional[_Union[ElementTarget, _Mapping]] = ..., region: _Optional[_Union[RegionTarget, _Mapping]] = ..., direction: _Optional[_Union[DirectionTarget, _Mapping]] = ..., combination: _Optional[_Union[CombinationTarget, _Mapping]] = ...) -> None: ...

class ClassTarget(_message.Message):
    __slots__ = ("index", "output", "position", "label")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    index: int
    output: str
    position: Position
    label: str
    def __init__(self, index: _Optional[int] = ..., output: _Optional[str] = ..., position: _Optional[_Union[Position, _Mapping]] = ..., label: _Optional[str] = ...) -> None: ...

class UnitTarget(_message.Message):
    __slots__ = ("layer", "channel", "position")
    LAYER_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    layer: str
    channel: int
    position: Position
    def __init__(self, layer: _Optional[str] = ..., channel: _Optional[int] = ..., position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class ElementTarget(_message.Message):
    __slots__ = ("tensor", "index")
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    tensor: str
    index: Position
    def __init__(self, tensor: _Optional[str] = ..., index: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class RegionTarget(_message.Message):
    __slots__ = ("tensor", "index", "reduce", "mask")
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    REDUCE_FIELD_NUMBER: _ClassVar[int]
    MASK_FIELD_NUMBER: _ClassVar[int]
    tensor: str
    index: _containers.RepeatedCompositeFieldContainer[Span]
    reduce: Reduction
    mask: _tensor_pb2.Tensor
    def __init__(self, tensor: _Optional[str] = ..., index: _Optional[_Iterable[_Union[Span, _Mapping]]] = ..., reduce: _Optional[_Union[Reduction, str]] = ..., mask: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DirectionTarget(_message.Message):
    __slots__ = ("tensor", "vector")
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    tensor: str
    vector: _value_pb2.Numbers
    def __init__(self, tensor: _Optional[str] = ..., vector: _Optional[_Union[_value_pb2.Numbers, _Mapping]] = ...) -> None: ...

class CombinationTarget(_message.Message):
    __slots__ = ("targets", "weights")
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    targets: _containers.RepeatedCompositeFieldContainer[Target]
    weights: _value_pb2.Numbers
    def __init__(self, targets: _Optional[_Iterable[_Union[Target, _Mapping]]] = ..., weights: _Optional[_Union[_value_pb2.Numbers, _Mapping]] = ...) -> None: ...

class Span(_message.Message):
    __slots__ = ("start", "stop")
    START_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    start: int
    stop: int
    def __init__(self, start: _Optional[int] = ..., stop: _Optional[int] = ...) -> None: ...

class Position(_message.Message):
    __slots__ = ("coordinates",)
    COORDINATES_FIELD_NUMBER: _ClassVar[int]
    coordinates: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, coordinates: _Optional[_Iterable[int]] = ...) -> None: ...

class ResolvedTarget(_message.Message):
    __slots__ = ("kind", "tensor", "layer", "channel", "position", "value", "label", "image", "output", "spans", "elements", "reduce", "window")
    KIND_FIELD_NUMBER: _ClassVar[int]
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    SPANS_FIELD_NUMBER: _ClassVar[int]
    ELEMENTS_FIELD_NUMBER: _ClassVar[int]
    REDUCE_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    kind: str
    tensor: str
    layer: str
    channel: int
    position: _containers.RepeatedScalarFieldContainer[int]
    value: float
    label: str
    image: int
    output: str
    spans: _containers.RepeatedCompositeFieldContainer[Span]
    elements: int
    reduce: str
    window: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, kind: _Optional[str] = ..., tensor: _Optional[str] = ..., layer: _Optional[str] = ..., channel: _Optional[int] = ..., position: _Optional[_Iterable[int]] = ..., value: _Optional[float] = ..., label: _Optional[str] = ..., image: _Optional[int] = ..., output: _Optional[str] = ..., spans: _Optional[_Iterable[_Union[Span, _Mapping]]] = ..., elements: _Optional[int] = ..., reduce: _Optional[str] = ..., window: _Optional[_Iterable[int]] = ...) -> None: ...
