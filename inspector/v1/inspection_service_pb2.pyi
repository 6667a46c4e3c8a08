from inspector.v1 import image_pb2 as _image_pb2
from inspector.v1 import method_pb2 as _method_pb2
from inspector.v1 import model_pb2 as _model_pb2
from inspector.v1 import target_pb2 as _target_pb2
from inspector.v1 import tensor_pb2 as _tensor_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Pooling(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POOLING_UNSPECIFIED: _ClassVar[Pooling]
    POOLING_MEAN: _ClassVar[Pooling]
    POOLING_MAX: _ClassVar[Pooling]
    POOLING_NONE: _ClassVar[Pooling]
POOLING_UNSPECIFIED: Pooling
POOLING_MEAN: Pooling
POOLING_MAX: Pooling
POOLING_NONE: Pooling

class PredictRequest(_message.Message):
    __slots__ = ("model", "images", "top")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    TOP_FIELD_NUMBER: _ClassVar[int]
    model: str
    images: _containers.RepeatedCompositeFieldContainer[_image_pb2.Image]
    top: int
    def __init__(self, model: _Optional[str] = ..., images: _Optional[_Iterable[_Union[_image_pb2.Image, _Mapping]]] = ..., top: _Optional[int] = ...) -> None: ...

class PredictResponse(_message.Message):
    __slots__ = ("predictions",)
    PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    predictions: _containers.RepeatedCompositeFieldContainer[Prediction]
    def __init__(self, predictions: _Optional[_Iterable[_Union[Prediction, _Mapping]]] = ...) -> None: ...

class Prediction(_message.Message):
    __slots__ = ("classes", "notes")
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    classes: _containers.RepeatedCompositeFieldContainer[ClassScore]
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, classes: _Optional[_Iterable[_Union[ClassScore, _Mapping]]] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class ClassScore(_message.Message):
    __slots__ = ("index", "label", "probability", "score")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    index: int
    label: str
    probability: float
    score: float
    def __init__(self, index: _Optional[int] = ..., label: _Optional[str] = ..., probability: _Optional[float] = ..., score: _Optional[float] = ...) -> None: ...

class ActivationsRequest(_message.Message):
    __slots__ = ("model", "images", "layers", "rendering")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    RENDERING_FIELD_NUMBER: _ClassVar[int]
    model: str
    images: _containers.RepeatedCompositeFieldContainer[_image_pb2.Image]
    layers: _containers.RepeatedScalarFieldContainer[str]
    rendering: _image_pb2.Rendering
    def __init__(self, model: _Optional[str] = ..., images: _Optional[_Iterable[_Union[_image_pb2.Image, _Mapping]]] = ..., layers: _Optional[_Iterable[str]] = ..., rendering: _Optional[_Union[_image_pb2.Rendering, str]] = ...) -> None: ...

class ActivationsResponse(_message.Message):
    __slots__ = ("activations", "notes")
    ACTIVATIONS_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    activations: _containers.RepeatedCompositeFieldContainer[Activation]
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, activations: _Optional[_Iterable[_Union[Activation, _Mapping]]] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class Activation(_message.Message):
    __slots__ = ("layer", "values", "picture")
    LAYER_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    PICTURE_FIELD_NUMBER: _ClassVar[int]
    layer: str
    values: _tensor_pb2.Tensor
    picture: bytes
    def __init__(self, layer: _Optional[str] = ..., values: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., picture: _Optional[bytes] = ...) -> None: ...

class AttributeRequest(_message.Message):
    __slots__ = ("model", "images", "method", "targets", "rendering", "options", "policies")
    class OptionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _method_pb2.OptionValue
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_method_pb2.OptionValue, _Mapping]] = ...) -> None: ...
    class PoliciesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    MODEL_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    RENDERING_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    model: str
    images: _containers.RepeatedCompositeFieldContainer[_image_pb2.Image]
    method: str
    targets: _containers.RepeatedCompositeFieldContainer[_target_pb2.Target]
    rendering: _image_pb2.Rendering
    options: _containers.MessageMap[str, _method_pb2.OptionValue]
    policies: _containers.ScalarMap[str, str]
    def __init__(self, model: _Optional[str] = ..., images: _Optional[_Iterable[_Union[_image_pb2.Image, _Mapping]]] = ..., method: _Optional[str] = ..., targets: _Optional[_Iterable[_Union[_target_pb2.Target, _Mapping]]] = ..., rendering: _Optional[_Union[_image_pb2.Rendering, str]] = ..., options: _Optional[_Mapping[str, _method_pb2.OptionValue]] = ..., policies: _Optional[_Mapping[str, str]] = ...) -> None: ...

class AttributeResponse(_message.Message):
    __slots__ = ("method", "maps", "targets", "inputs", "layout", "pictures", "completeness_gap", "notes")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    MAPS_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    LAYOUT_FIELD_NUMBER: _ClassVar[int]
    PICTURES_FIELD_NUMBER: _ClassVar[int]
    COMPLETENESS_GAP_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    method: str
    maps: _tensor_pb2.Tensor
    targets: _containers.RepeatedCompositeFieldContainer[_target_pb2.ResolvedTarget]
    inputs: _tensor_pb2.Tensor
    layout: str
    pictures: _containers.RepeatedScalarFieldContainer[bytes]
    completeness_gap: _containers.RepeatedScalarFieldContainer[float]
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, method: _Optional[str] = ..., maps: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., targets: _Optional[_Iterable[_Union[_target_pb2.ResolvedTarget, _Mapping]]] = ..., inputs: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., layout: _Optional[str] = ..., pictures: _Optional[_Iterable[bytes]] = ..., completeness_gap: _Optional[_Iterable[float]] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class AttributeStreamRequest(_message.Message):
    __slots__ = ("attribution",)
    ATTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    attribution: AttributeRequest
    def __init__(self, attribution: _Optional[_Union[AttributeRequest, _Mapping]] = ...) -> None: ...

class AttributeStreamResponse(_message.Message):
    __slots__ = ("done", "total", "attribution")
    DONE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    done: int
    total: int
    attribution: AttributeResponse
    def __init__(self, done: _Optional[int] = ..., total: _Optional[int] = ..., attribution: _Optional[_Union[AttributeResponse, _Mapping]] = ...) -> None: ...

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

class ListRectifiersRequest(_message.Message):
    __slots__ = ("model", "page_size", "page_token")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    model: str
    page_size: int
    page_token: str
    def __init__(self, model: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRectifiersResponse(_message.Message):
    __slots__ = ("rectifiers", "next_page_token")
    RECTIFIERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    rectifiers: _containers.RepeatedCompositeFieldContainer[_model_pb2.Rectifier]
    next_page_token: str
    def __init__(self, rectifiers: _Optional[_Iterable[_Union[_model_pb2.Rectifier, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class OccludeRequest(_message.Message):
    __slots__ = ("model", "image", "target", "layer", "size", "stride", "fill", "batch", "rendering")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    FILL_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    RENDERING_FIELD_NUMBER: _ClassVar[int]
    model: str
    image: _image_pb2.Image
    target: _target_pb2.Target
    layer: str
    size: _image_pb2.Extent
    stride: _image_pb2.Extent
    fill: _containers.RepeatedScalarFieldContainer[float]
    batch: int
    rendering: _image_pb2.Rendering
    def __init__(self, model: _Optional[str] = ..., image: _Optional[_Union[_image_pb2.Image, _Mapping]] = ..., target: _Optional[_Union[_target_pb2.Target, _Mapping]] = ..., layer: _Optional[str] = ..., size: _Optional[_Union[_image_pb2.Extent, _Mapping]] = ..., stride: _Optional[_Union[_image_pb2.Extent, _Mapping]] = ..., fill: _Optional[_Iterable[float]] = ..., batch: _Optional[int] = ..., rendering: _Optional[_Union[_image_pb2.Rendering, str]] = ...) -> None: ...

class OccludeResponse(_message.Message):
    __slots__ = ("done", "total", "occlusion", "picture")
    DONE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    OCCLUSION_FIELD_NUMBER: _ClassVar[int]
    PICTURE_FIELD_NUMBER: _ClassVar[int]
    done: int
    total: int
    occlusion: Occlusion
    picture: bytes
    def __init__(self, done: _Optional[int] = ..., total: _Optional[int] = ..., occlusion: _Optional[_Union[Occlusion, _Mapping]] = ..., picture: _Optional[bytes] = ...) -> None: ...

class Occlusion(_message.Message):
    __slots__ = ("target", "probability", "label", "activation", "done", "layer", "channel", "baseline_probability", "baseline_label", "baseline_activation", "tops", "lefts", "size", "stride", "fill", "notes")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    ACTIVATION_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    BASELINE_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    BASELINE_LABEL_FIELD_NUMBER: _ClassVar[int]
    BASELINE_ACTIVATION_FIELD_NUMBER: _ClassVar[int]
    TOPS_FIELD_NUMBER: _ClassVar[int]
    LEFTS_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    FILL_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    target: _target_pb2.ResolvedTarget
    probability: _tensor_pb2.Tensor
    label: _tensor_pb2.Tensor
    activation: _tensor_pb2.Tensor
    done: _tensor_pb2.Tensor
    layer: str
    channel: int
    baseline_probability: float
    baseline_label: int
    baseline_activation: float
    tops: _tensor_pb2.Tensor
    lefts: _tensor_pb2.Tensor
    size: _image_pb2.Extent
    stride: _image_pb2.Extent
    fill: _containers.RepeatedScalarFieldContainer[float]
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, target: _Optional[_Union[_target_pb2.ResolvedTarget, _Mapping]] = ..., probability: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., label: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., activation: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., done: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., layer: _Optional[str] = ..., channel: _Optional[int] = ..., baseline_probability: _Optional[float] = ..., baseline_label: _Optional[int] = ..., baseline_activation: _Optional[float] = ..., tops: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., lefts: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., size: _Optional[_Union[_image_pb2.Extent, _Mapping]] = ..., stride: _Optional[_Union[_image_pb2.Extent, _Mapping]] = ..., fill: _Optional[_Iterable[float]] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class FeaturesRequest(_message.Message):
    __slots__ = ("model", "images", "layer", "pooling")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    POOLING_FIELD_NUMBER: _ClassVar[int]
    model: str
    images: _containers.RepeatedCompositeFieldContainer[_image_pb2.Image]
    layer: str
    pooling: Pooling
    def __init__(self, model: _Optional[str] = ..., images: _Optional[_Iterable[_Union[_image_pb2.Image, _Mapping]]] = ..., layer: _Optional[str] = ..., pooling: _Optional[_Union[Pooling, str]] = ...) -> None: ...

class FeaturesResponse(_message.Message):
    __slots__ = ("features",)
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    features: _tensor_pb2.Tensor
    def __init__(self, features: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ...) -> None: ...
