from inspector.v1 import value_pb2 as _value_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ModelState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODEL_STATE_UNSPECIFIED: _ClassVar[ModelState]
    MODEL_STATE_UNLOADED: _ClassVar[ModelState]
    MODEL_STATE_LOADING: _ClassVar[ModelState]
    MODEL_STATE_READY: _ClassVar[ModelState]
    MODEL_STATE_UNLOADING: _ClassVar[ModelState]
    MODEL_STATE_FAILED: _ClassVar[ModelState]
MODEL_STATE_UNSPECIFIED: ModelState
MODEL_STATE_UNLOADED: ModelState
MODEL_STATE_LOADING: ModelState
MODEL_STATE_READY: ModelState
MODEL_STATE_UNLOADING: ModelState
MODEL_STATE_FAILED: ModelState

class Model(_message.Message):
    __slots__ = ("name", "state", "failure", "info")
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    INFO_FIELD_NUMBER: _ClassVar[int]
    name: str
    state: ModelState
    failure: str
    info: ModelInfo
    def __init__(self, name: _Optional[str] = ..., state: _Optional[_Union[ModelState, str]] = ..., failure: _Optional[str] = ..., info: _Optional[_Union[ModelInfo, _Mapping]] = ...) -> None: ...

class ModelInfo(_message.Message):
    __slots__ = ("name", "sha256", "size", "opset", "input", "outputs", "preprocessing", "labels", "layer_count", "device", "optimization", "metadata", "notes", "rendered")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    OPSET_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    PREPROCESSING_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    LAYER_COUNT_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    OPTIMIZATION_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    RENDERED_FIELD_NUMBER: _ClassVar[int]
    name: str
    sha256: str
    size: int
    opset: int
    input: ImageInput
    outputs: _containers.RepeatedCompositeFieldContainer[Output]
    preprocessing: Preprocessing
    labels: _containers.RepeatedScalarFieldContainer[str]
    layer_count: int
    device: str
    optimization: str
    metadata: _containers.ScalarMap[str, str]
    notes: _containers.RepeatedCompositeFieldContainer[_value_pb2.Note]
    rendered: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, name: _Optional[str] = ..., sha256: _Optional[str] = ..., size: _Optional[int] = ..., opset: _Optional[int] = ..., input: _Optional[_Union[ImageInput, _Mapping]] = ..., outputs: _Optional[_Iterable[_Union[Output, _Mapping]]] = ..., preprocessing: _Optional[_Union[Preprocessing, _Mapping]] = ..., labels: _Optional[_Iterable[str]] = ..., layer_count: _Optional[int] = ..., device: _Optional[str] = ..., optimization: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ..., notes: _Optional[_Iterable[_Union[_value_pb2.Note, _Mapping]]] = ..., rendered: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Dimension(_message.Message):
    __slots__ = ("size", "symbol")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    size: int
    symbol: str
    def __init__(self, size: _Optional[int] = ..., symbol: _Optional[str] = ...) -> None: ...

class ImageInput(_message.Message):
    __slots__ = ("name", "datatype", "shape", "layout", "batch", "channels", "height", "width")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DATATYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    LAYOUT_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    name: str
    datatype: str
    shape: _containers.RepeatedCompositeFieldContainer[Dimension]
    layout: str
    batch: int
    channels: int
    height: int
    width: int
    def __init__(self, name: _Optional[str] = ..., datatype: _Optional[str] = ..., shape: _Optional[_Iterable[_Union[Dimension, _Mapping]]] = ..., layout: _Optional[str] = ..., batch: _Optional[int] = ..., channels: _Optional[int] = ..., height: _Optional[int] = ..., width: _Optional[int] = ...) -> None: ...

class Output(_message.Message):
    __slots__ = ("name", "datatype", "shape", "meaning", "part", "classes")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DATATYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    MEANING_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    name: str
    datatype: str
    shape: _containers.RepeatedCompositeFieldContainer[Dimension]
    meaning: str
    part: str
    classes: int
    def __init__(self, name: _Optional[str] = ..., datatype: _Optional[str] = ..., shape: _Optional[_Iterable[_Union[Dimension, _Mapping]]] = ..., meaning: _Optional[str] = ..., part: _Optional[str] = ..., classes: _Optional[int] = ...) -> None: ...

class Layer(_message.Message):
    __slots__ = ("name", "op_type", "output", "datatype", "shape", "channel_axis", "channels", "receptive_field", "spatial_axes")
    NAME_FIELD_NUMBER: _ClassVar[int]
    OP_TYPE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    DATATYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_AXIS_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    RECEPTIVE_FIELD_FIELD_NUMBER: _ClassVar[int]
    SPATIAL_AXES_FIELD_NUMBER: _ClassVar[int]
    name: str
    op_type: str
    output: str
    datatype: str
    shape: _containers.RepeatedCompositeFieldContainer[Dimension]
    channel_axis: int
    channels: int
    receptive_field: ReceptiveField
    spatial_axes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, name: _Optional[str] = ..., op_type: _Optional[str] = ..., output: _Optional[str] = ..., datatype: _Optional[str] = ..., shape: _Optional[_Iterable[_Union[Dimension, _Mapping]]] = ..., channel_axis: _Optional[int] = ..., channels: _Optional[int] = ..., receptive_field: _Optional[_Union[ReceptiveField, _Mapping]] = ..., spatial_axes: _Optional[_Iterable[int]] = ...) -> None: ...

class ReceptiveField(_message.Message):
    __slots__ = ("rows", "columns", "axes", "places")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    AXES_FIELD_NUMBER: _ClassVar[int]
    PLACES_FIELD_NUMBER: _ClassVar[int]
    rows: AxisField
    columns: AxisField
    axes: _containers.RepeatedCompositeFieldContainer[AxisField]
    places: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, rows: _Optional[_Union[AxisField, _Mapping]] = ..., columns: _Optional[_Union[AxisField, _Mapping]] = ..., axes: _Optional[_Iterable[_Union[AxisField, _Mapping]]] = ..., places: _Optional[_Iterable[int]] = ...) -> None: ...

class AxisField(_message.Message):
    __slots__ = ("size", "stride", "offset", "extent", "first", "last")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    EXTENT_FIELD_NUMBER: _ClassVar[int]
    FIRST_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    size: int
    stride: Fraction
    offset: Fraction
    extent: int
    first: _containers.RepeatedScalarFieldContainer[int]
    last: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, size: _Optional[int] = ..., stride: _Optional[_Union[Fraction, _Mapping]] = ..., offset: _Optional[_Union[Fraction, _Mapping]] = ..., extent: _Optional[int] = ..., first: _Optional[_Iterable[int]] = ..., last: _Optional[_Iterable[int]] = ...) -> None: ...

class Fraction(_message.Message):
    __slots__ = ("numerator", "denominator")
    NUMERATOR_FIELD_NUMBER: _ClassVar[int]
    DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    numerator: int
    denominator: int
    def __init__(self, numerator: _Optional[int] = ..., denominator: _Optional[int] = ...) -> None: ...

class FoundRectifier(_message.Message):
    __slots__ = ("name", "layer", "layers")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    name: str
    layer: str
    layers: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., layer: _Optional[str] = ..., layers: _Optional[_Iterable[str]] = ...) -> None: ...

class Preprocessing(_message.Message):
    __slots__ = ("layout", "color", "height", "width", "resize", "resize_size", "interpolation", "letterbox_fill", "letterbox_align", "scale", "mean", "std", "datatype", "source", "assumed")
    LAYOUT_FIELD_NUMBER: _ClassVar[int]
    COLOR_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    RESIZE_FIELD_NUMBER: _ClassVar[int]
    RESIZE_SIZE_FIELD_NUMBER: _ClassVar[int]
    INTERPOLATION_FIELD_NUMBER: _ClassVar[int]
    LETTERBOX_FILL_FIELD_NUMBER: _ClassVar[int]
    LETTERBOX_ALIGN_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    STD_FIELD_NUMBER: _ClassVar[int]
    DATATYPE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    ASSUMED_FIELD_NUMBER: _ClassVar[int]
    layout: str
    color: str
    height: int
    width: int
    resize: str
    resize_size: int
    interpolation: str
    letterbox_fill: int
    letterbox_align: str
    scale: float
    mean: _containers.RepeatedScalarFieldContainer[float]
    std: _containers.RepeatedScalarFieldContainer[float]
    datatype: str
    source: str
    assumed: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, layout: _Optional[str] = ..., color: _Optional[str] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., resize: _Optional[str] = ..., resize_size: _Optional[int] = ..., interpolation: _Optional[str] = ..., letterbox_fill: _Optional[int] = ..., letterbox_align: _Optional[str] = ..., scale: _Optional[float] = ..., mean: _Optional[_Iterable[float]] = ..., std: _Optional[_Iterable[float]] = ..., datatype: _Optional[str] = ..., source: _Optional[str] = ..., assumed: _Optional[_Iterable[str]] = ...) -> None: ...
