from inspector.v1 import image_pb2 as _image_pb2
from inspector.v1 import method_pb2 as _method_pb2
from inspector.v1 import model_pb2 as _model_pb2
from inspector.v1 import result_pb2 as _result_pb2
from inspector.v1 import target_pb2 as _target_pb2
from inspector.v1 import tensor_pb2 as _tensor_pb2
from inspector.v1 import value_pb2 as _value_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TileScale(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TILE_SCALE_UNSPECIFIED: _ClassVar[TileScale]
    TILE_SCALE_MAP: _ClassVar[TileScale]
    TILE_SCALE_LAYER: _ClassVar[TileScale]

class TileOrder(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TILE_ORDER_UNSPECIFIED: _ClassVar[TileOrder]
    TILE_ORDER_NUMBER: _ClassVar[TileOrder]
    TILE_ORDER_STRENGTH: _ClassVar[TileOrder]

class Pooling(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POOLING_UNSPECIFIED: _ClassVar[Pooling]
    POOLING_MEAN: _ClassVar[Pooling]
    POOLING_MAX: _ClassVar[Pooling]
    POOLING_NONE: _ClassVar[Pooling]
TILE_SCALE_UNSPECIFIED: TileScale
TILE_SCALE_MAP: TileScale
TILE_SCALE_LAYER: TileScale
TILE_ORDER_UNSPECIFIED: TileOrder
TILE_ORDER_NUMBER: TileOrder
TILE_ORDER_STRENGTH: TileOrder
POOLING_UNSPECIFIED: Pooling
POOLING_MEAN: Pooling
POOLING_MAX: Pooling
POOLING_NONE: Pooling

class DescribeRequest(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: str
    def __init__(self, model: _Optional[str] = ...) -> None: ...

class DescribeResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _model_pb2.ModelInfo
    def __init__(self, result: _Optional[_Union[_model_pb2.ModelInfo, _Mapping]] = ...) -> None: ...

class LayersRequest(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: str
    def __init__(self, model: _Optional[str] = ...) -> None: ...

class LayersResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _result_pb2.Layers
    def __init__(self, result: _Optional[_Union[_result_pb2.Layers, _Mapping]] = ...) -> None: ...

class RectifiersRequest(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: str
    def __init__(self, model: _Optional[str] = ...) -> None: ...

class RectifiersResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _result_pb2.Rectifiers
    def __init__(self, result: _Optional[_Union[_result_pb2.Rectifiers, _Mapping]] = ...) -> None: ...

class PredictRequest(_message.Message):
    __slots__ = ("model", "images", "top", "inputs", "rendering")
    class InputsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _tensor_pb2.Tensor
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ...) -> None: ...
    MODEL_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    TOP_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    RENDERING_FIELD_NUMBER: _ClassVar[int]
    model: str
    images: _containers.RepeatedCompositeFieldContainer[_image_pb2.Image]
    top: int
    inputs: _containers.MessageMap[str, _tensor_pb2.Tensor]
    rendering: _image_pb2.Rendering
    def __init__(self, model: _Optional[str] = ..., images: _Optional[_Iterable[_Union[_image_pb2.Image, _Mapping]]] = ..., top: _Optional[int] = ..., inputs: _Optional[_Mapping[str, _tensor_pb2.Tensor]] = ..., rendering: _Optional[_Union[_image_pb2.Rendering, str]] = ...) -> None: ...

class PredictResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _result_pb2.Predictions
    def __init__(self, result: _Optional[_Union[_result_pb2.Predictions, _Mapping]] = ...) -> None: ...

class ActivationsRequest(_message.Message):
    __slots__ = ("model", "images", "layers", "inputs", "rendering", "scale", "order")
    class InputsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _tensor_pb2.Tensor
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ...) -> None: ...
    MODEL_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    RENDERING_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    model: str
    images: _containers.RepeatedCompositeFieldContainer[_image_pb2.Image]
    layers: _containers.RepeatedScalarFieldContainer[str]
    inputs: _containers.MessageMap[str, _tensor_pb2.Tensor]
    rendering: _image_pb2.Rendering
    scale: TileScale
    order: TileOrder
    def __init__(self, model: _Optional[str] = ..., images: _Optional[_Iterable[_Union[_image_pb2.Image, _Mapping]]] = ..., layers: _Optional[_Iterable[str]] = ..., inputs: _Optional[_Mapping[str, _tensor_pb2.Tensor]] = ..., rendering: _Optional[_Union[_image_pb2.Rendering, str]] = ..., scale: _Optional[_Union[TileScale, str]] = ..., order: _Optional[_Union[TileOrder, str]] = ...) -> None: ...

class ActivationsResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _result_pb2.Activations
    def __init__(self, result: _Optional[_Union[_result_pb2.Activations, _Mapping]] = ...) -> None: ...

class FeaturesRequest(_message.Message):
    __slots__ = ("model", "images", "layer", "pooling", "inputs", "rendering")
    class InputsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _tensor_pb2.Tensor
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ...) -> None: ...
    MODEL_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    POOLING_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    RENDERING_FIELD_NUMBER: _ClassVar[int]
    model: str
    images: _containers.RepeatedCompositeFieldContainer[_image_pb2.Image]
    layer: str
    pooling: Pooling
    inputs: _containers.MessageMap[str, _tensor_pb2.Tensor]
    rendering: _image_pb2.Rendering
    def __init__(self, model: _Optional[str] = ..., images: _Optional[_Iterable[_Union[_image_pb2.Image, _Mapping]]] = ..., layer: _Optional[str] = ..., pooling: _Optional[_Union[Pooling, str]] = ..., inputs: _Optional[_Mapping[str, _tensor_pb2.Tensor]] = ..., rendering: _Optional[_Union[_image_pb2.Rendering, str]] = ...) -> None: ...

class FeaturesResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _result_pb2.Vectors
    def __init__(self, result: _Optional[_Union[_result_pb2.Vectors, _Mapping]] = ...) -> None: ...

class AttributeRequest(_message.Message):
    __slots__ = ("model", "images", "method", "targets", "options", "policies", "inputs", "rendering", "cross")
    class OptionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _value_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_value_pb2.Value, _Mapping]] = ...) -> None: ...
    class PoliciesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class InputsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _tensor_pb2.Tensor
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ...) -> None: ...
    MODEL_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    RENDERING_FIELD_NUMBER: _ClassVar[int]
    CROSS_FIELD_NUMBER: _ClassVar[int]
    model: str
    images: _containers.RepeatedCompositeFieldContainer[_image_pb2.Image]
    method: str
    targets: _containers.RepeatedCompositeFieldContainer[_target_pb2.Target]
    options: _containers.MessageMap[str, _value_pb2.Value]
    policies: _containers.ScalarMap[str, str]
    inputs: _containers.MessageMap[str, _tensor_pb2.Tensor]
    rendering: _image_pb2.Rendering
    cross: bool
    def __init__(self, model: _Optional[str] = ..., images: _Optional[_Iterable[_Union[_image_pb2.Image, _Mapping]]] = ..., method: _Optional[str] = ..., targets: _Optional[_Iterable[_Union[_target_pb2.Target, _Mapping]]] = ..., options: _Optional[_Mapping[str, _value_pb2.Value]] = ..., policies: _Optional[_Mapping[str, str]] = ..., inputs: _Optional[_Mapping[str, _tensor_pb2.Tensor]] = ..., rendering: _Optional[_Union[_image_pb2.Rendering, str]] = ..., cross: bool = ...) -> None: ...

class AttributeResponse(_message.Message):
    __slots__ = ("progress", "result")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    progress: _value_pb2.Progress
    result: _result_pb2.Maps
    def __init__(self, progress: _Optional[_Union[_value_pb2.Progress, _Mapping]] = ..., result: _Optional[_Union[_result_pb2.Maps, _Mapping]] = ...) -> None: ...

class OccludeRequest(_message.Message):
    __slots__ = ("model", "images", "target", "layer", "size", "stride", "fill", "batch", "inputs", "rendering", "wants_partial")
    class InputsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _tensor_pb2.Tensor
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ...) -> None: ...
    MODEL_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    FILL_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    RENDERING_FIELD_NUMBER: _ClassVar[int]
    WANTS_PARTIAL_FIELD_NUMBER: _ClassVar[int]
    model: str
    images: _containers.RepeatedCompositeFieldContainer[_image_pb2.Image]
    target: _target_pb2.Target
    layer: str
    size: _containers.RepeatedScalarFieldContainer[int]
    stride: _containers.RepeatedScalarFieldContainer[int]
    fill: _containers.RepeatedScalarFieldContainer[float]
    batch: int
    inputs: _containers.MessageMap[str, _tensor_pb2.Tensor]
    rendering: _image_pb2.Rendering
    wants_partial: bool
    def __init__(self, model: _Optional[str] = ..., images: _Optional[_Iterable[_Union[_image_pb2.Image, _Mapping]]] = ..., target: _Optional[_Union[_target_pb2.Target, _Mapping]] = ..., layer: _Optional[str] = ..., size: _Optional[_Iterable[int]] = ..., stride: _Optional[_Iterable[int]] = ..., fill: _Optional[_Iterable[float]] = ..., batch: _Optional[int] = ..., inputs: _Optional[_Mapping[str, _tensor_pb2.Tensor]] = ..., rendering: _Optional[_Union[_image_pb2.Rendering, str]] = ..., wants_partial: bool = ...) -> None: ...

class OccludeResponse(_message.Message):
    __slots__ = ("progress", "partial", "result")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    progress: _value_pb2.Progress
    partial: _result_pb2.Sweep
    result: _result_pb2.Sweep
    def __init__(self, progress: _Optional[_Union[_value_pb2.Progress, _Mapping]] = ..., partial: _Optional[_Union[_result_pb2.Sweep, _Mapping]] = ..., result: _Optional[_Union[_result_pb2.Sweep, _Mapping]] = ...) -> None: ...

class RunRequest(_message.Message):
    __slots__ = ("model", "verb", "images", "targets", "options", "inputs", "rendering", "wants_partial")
    class OptionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _value_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_value_pb2.Value, _Mapping]] = ...) -> None: ...
    class InputsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _tensor_pb2.Tensor
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ...) -> None: ...
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERB_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    RENDERING_FIELD_NUMBER: _ClassVar[int]
    WANTS_PARTIAL_FIELD_NUMBER: _ClassVar[int]
    model: str
    verb: str
    images: _containers.RepeatedCompositeFieldContainer[_image_pb2.Image]
    targets: _containers.RepeatedCompositeFieldContainer[_target_pb2.Target]
    options: _containers.MessageMap[str, _value_pb2.Value]
    inputs: _containers.MessageMap[str, _tensor_pb2.Tensor]
    rendering: _image_pb2.Rendering
    wants_partial: bool
    def __init__(self, model: _Optional[str] = ..., verb: _Optional[str] = ..., images: _Optional[_Iterable[_Union[_image_pb2.Image, _Mapping]]] = ..., targets: _Optional[_Iterable[_Union[_target_pb2.Target, _Mapping]]] = ..., options: _Optional[_Mapping[str, _value_pb2.Value]] = ..., inputs: _Optional[_Mapping[str, _tensor_pb2.Tensor]] = ..., rendering: _Optional[_Union[_image_pb2.Rendering, str]] = ..., wants_partial: bool = ...) -> None: ...

class RunResponse(_message.Message):
    __slots__ = ("progress", "partial", "result")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    progress: _value_pb2.Progress
    partial: _result_pb2.Result
    result: _result_pb2.Result
    def __init__(self, progress: _Optional[_Union[_value_pb2.Progress, _Mapping]] = ..., partial: _Optional[_Union[_result_pb2.Result, _Mapping]] = ..., result: _Optional[_Union[_result_pb2.Result, _Mapping]] = ...) -> None: ...

class ListMethodsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListMethodsResponse(_message.Message):
    __slots__ = ("methods", "next_page_token")
    METHODS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    methods: _containers.RepeatedCompositeFieldContainer[_method_pb2.Method]
    next_page_token: str
    def __init__(self, methods: _Optional[_Iterable[_Union[_method_pb2.Method, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListVerbsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListVerbsResponse(_message.Message):
    __slots__ = ("verbs", "next_page_token")
    VERBS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    verbs: _containers.RepeatedCompositeFieldContainer[_method_pb2.Verb]
    next_page_token: str
    def __init__(self, verbs: _Optional[_Iterable[_Union[_method_pb2.Verb, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
