from google.protobuf import any_pb2 as _any_pb2
from inspector.v1 import model_pb2 as _model_pb2
from inspector.v1 import target_pb2 as _target_pb2
from inspector.v1 import tensor_pb2 as _tensor_pb2
from inspector.v1 import value_pb2 as _value_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Result(_message.Message):
    __slots__ = ("predictions", "activations", "maps", "sweep", "vectors", "table", "series", "images", "examples", "report", "model_info", "layers", "rectifiers", "figure", "filters", "other")
    PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    ACTIVATIONS_FIELD_NUMBER: _ClassVar[int]
    MAPS_FIELD_NUMBER: _ClassVar[int]
    SWEEP_FIELD_NUMBER: _ClassVar[int]
    VECTORS_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    SERIES_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    EXAMPLES_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    MODEL_INFO_FIELD_NUMBER: _ClassVar[int]
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    RECTIFIERS_FIELD_NUMBER: _ClassVar[int]
    FIGURE_FIELD_NUMBER: _ClassVar[int]
    FILTERS_FIELD_NUMBER: _ClassVar[int]
    OTHER_FIELD_NUMBER: _ClassVar[int]
    predictions: Predictions
    activations: Activations
    maps: Maps
    sweep: Sweep
    vectors: Vectors
    table: Table
    series: Series
    images: Images
    examples: Examples
    report: Report
    model_info: _model_pb2.ModelInfo
    layers: Layers
    rectifiers: Rectifiers
    figure: Figure
    filters: Filters
    other: _any_pb2.Any
    def __init__(self, predictions: _Optional[_Union[Predictions, _Mapping]] = ..., activations: _Optional[_Union[Activations, _Mapping]] = ..., maps: _Optional[_Union[Maps, _Mapping]] = ..., sweep: _Optional[_Union[Sweep, _Mapping]] = ..., vectors: _Optional[_Union[Vectors, _Mapping]] = ..., table: _Optional[_Union[Table, _Mapping]] = ..., series: _Optional[_Union[Series, _Mapping]] = ..., images: _Optional[_Union[Images, _Mapping]] = ..., examples: _Optional[_Union[Examples, _Mapping]] = ..., report: _Optional[_Union[Report, _Mapping]] = ..., model_info: _Optional[_Union[_model_pb2.ModelInfo, _Mapping]] = ..., layers: _Optional[_Union[Layers, _Mapping]] = ..., rectifiers: _Optional[_Union[Rectifiers, _Mapping]] = ..., figure: _Optional[_Union[Figure, _Mapping]] = ..., filters: _Optional[_Union[Filters, _Mapping]] = ..., other: _Optional[_Union[_any_pb2.Any, _Mapping]] = ...) -> None: ...

class Predictions(_message.Message):
    __slots__ = ("predictions", "notes", "rendered", "inputs", "layout", "preprocessing")
    PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    RENDERED_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    LAYOUT_FIELD_NUMBER: _ClassVar[int]
    PREPROCESSING_FIELD_NUMBER: _ClassVar[int]
    predictions: _containers.RepeatedCompositeFieldContainer[Prediction]
    notes: _containers.RepeatedCompositeFieldContainer[_value_pb2.Note]
    rendered: _containers.RepeatedScalarFieldContainer[bytes]
    inputs: _tensor_pb2.Tensor
    layout: str
    preprocessing: _model_pb2.Preprocessing
    def __init__(self, predictions: _Optional[_Iterable[_Union[Prediction, _Mapping]]] = ..., notes: _Optional[_Iterable[_Union[_value_pb2.Note, _Mapping]]] = ..., rendered: _Optional[_Iterable[bytes]] = ..., inputs: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., layout: _Optional[str] = ..., preprocessing: _Optional[_Union[_model_pb2.Preprocessing, _Mapping]] = ...) -> None: ...

class Prediction(_message.Message):
    __slots__ = ("classes", "notes", "meaning", "output", "boxes", "values", "map")
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    MEANING_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    BOXES_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    MAP_FIELD_NUMBER: _ClassVar[int]
    classes: _containers.RepeatedCompositeFieldContainer[ClassScore]
    notes: _containers.RepeatedCompositeFieldContainer[_value_pb2.Note]
    meaning: str
    output: str
    boxes: _containers.RepeatedCompositeFieldContainer[Box]
    values: _tensor_pb2.Tensor
    map: _tensor_pb2.Tensor
    def __init__(self, classes: _Optional[_Iterable[_Union[ClassScore, _Mapping]]] = ..., notes: _Optional[_Iterable[_Union[_value_pb2.Note, _Mapping]]] = ..., meaning: _Optional[str] = ..., output: _Optional[str] = ..., boxes: _Optional[_Iterable[_Union[Box, _Mapping]]] = ..., values: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., map: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ...) -> None: ...

class Box(_message.Message):
    __slots__ = ("index", "label", "confidence", "corners", "output", "position")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    CORNERS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    index: int
    label: str
    confidence: float
    corners: Corners
    output: str
    position: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, index: _Optional[int] = ..., label: _Optional[str] = ..., confidence: _Optional[float] = ..., corners: _Optional[_Union[Corners, _Mapping]] = ..., output: _Optional[str] = ..., position: _Optional[_Iterable[int]] = ...) -> None: ...

class Corners(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, values: _Optional[_Iterable[float]] = ...) -> None: ...

class ClassScore(_message.Message):
    __slots__ = ("index", "label", "probability", "score", "share")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    index: int
    label: str
    probability: float
    score: float
    share: float
    def __init__(self, index: _Optional[int] = ..., label: _Optional[str] = ..., probability: _Optional[float] = ..., score: _Optional[float] = ..., share: _Optional[float] = ...) -> None: ...

class Activations(_message.Message):
    __slots__ = ("activations", "notes", "rendered", "scale", "order")
    ACTIVATIONS_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    RENDERED_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    activations: _containers.RepeatedCompositeFieldContainer[Activation]
    notes: _containers.RepeatedCompositeFieldContainer[_value_pb2.Note]
    rendered: _containers.RepeatedScalarFieldContainer[bytes]
    scale: str
    order: str
    def __init__(self, activations: _Optional[_Iterable[_Union[Activation, _Mapping]]] = ..., notes: _Optional[_Iterable[_Union[_value_pb2.Note, _Mapping]]] = ..., rendered: _Optional[_Iterable[bytes]] = ..., scale: _Optional[str] = ..., order: _Optional[str] = ...) -> None: ...

class Activation(_message.Message):
    __slots__ = ("layer", "values", "channel_axis", "spatial_axes")
    LAYER_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_AXIS_FIELD_NUMBER: _ClassVar[int]
    SPATIAL_AXES_FIELD_NUMBER: _ClassVar[int]
    layer: str
    values: _tensor_pb2.Tensor
    channel_axis: int
    spatial_axes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, layer: _Optional[str] = ..., values: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., channel_axis: _Optional[int] = ..., spatial_axes: _Optional[_Iterable[int]] = ...) -> None: ...

class Filters(_message.Message):
    __slots__ = ("layer", "weights", "numbers", "groups", "color", "scale", "notes", "rendered")
    LAYER_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    COLOR_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    RENDERED_FIELD_NUMBER: _ClassVar[int]
    layer: str
    weights: _tensor_pb2.Tensor
    numbers: _containers.RepeatedScalarFieldContainer[int]
    groups: int
    color: str
    scale: str
    notes: _containers.RepeatedCompositeFieldContainer[_value_pb2.Note]
    rendered: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, layer: _Optional[str] = ..., weights: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., numbers: _Optional[_Iterable[int]] = ..., groups: _Optional[int] = ..., color: _Optional[str] = ..., scale: _Optional[str] = ..., notes: _Optional[_Iterable[_Union[_value_pb2.Note, _Mapping]]] = ..., rendered: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Maps(_message.Message):
    __slots__ = ("method", "maps", "targets", "inputs", "layout", "completeness_gap", "picture", "caution", "preprocessing", "notes", "rendered", "layers", "options")
    class OptionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _value_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_value_pb2.Value, _Mapping]] = ...) -> None: ...
    METHOD_FIELD_NUMBER: _ClassVar[int]
    MAPS_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    LAYOUT_FIELD_NUMBER: _ClassVar[int]
    COMPLETENESS_GAP_FIELD_NUMBER: _ClassVar[int]
    PICTURE_FIELD_NUMBER: _ClassVar[int]
    CAUTION_FIELD_NUMBER: _ClassVar[int]
    PREPROCESSING_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    RENDERED_FIELD_NUMBER: _ClassVar[int]
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    method: str
    maps: _tensor_pb2.Tensor
    targets: _containers.RepeatedCompositeFieldContainer[_target_pb2.ResolvedTarget]
    inputs: _tensor_pb2.Tensor
    layout: str
    completeness_gap: _containers.RepeatedScalarFieldContainer[float]
    picture: str
    caution: str
    preprocessing: _model_pb2.Preprocessing
    notes: _containers.RepeatedCompositeFieldContainer[_value_pb2.Note]
    rendered: _containers.RepeatedScalarFieldContainer[bytes]
    layers: _containers.RepeatedScalarFieldContainer[str]
    options: _containers.MessageMap[str, _value_pb2.Value]
    def __init__(self, method: _Optional[str] = ..., maps: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., targets: _Optional[_Iterable[_Union[_target_pb2.ResolvedTarget, _Mapping]]] = ..., inputs: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., layout: _Optional[str] = ..., completeness_gap: _Optional[_Iterable[float]] = ..., picture: _Optional[str] = ..., caution: _Optional[str] = ..., preprocessing: _Optional[_Union[_model_pb2.Preprocessing, _Mapping]] = ..., notes: _Optional[_Iterable[_Union[_value_pb2.Note, _Mapping]]] = ..., rendered: _Optional[_Iterable[bytes]] = ..., layers: _Optional[_Iterable[str]] = ..., options: _Optional[_Mapping[str, _value_pb2.Value]] = ...) -> None: ...

class Sweep(_message.Message):
    __slots__ = ("target", "probability", "label", "activation", "done", "layer", "channel", "baseline_probability", "baseline_label", "baseline_activation", "tops", "lefts", "size", "stride", "fill", "notes", "inputs", "layout", "labels", "preprocessing", "rendered", "starts")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: str
        def __init__(self, key: _Optional[int] = ..., value: _Optional[str] = ...) -> None: ...
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
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    LAYOUT_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    PREPROCESSING_FIELD_NUMBER: _ClassVar[int]
    RENDERED_FIELD_NUMBER: _ClassVar[int]
    STARTS_FIELD_NUMBER: _ClassVar[int]
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
    size: _containers.RepeatedScalarFieldContainer[int]
    stride: _containers.RepeatedScalarFieldContainer[int]
    fill: _containers.RepeatedScalarFieldContainer[float]
    notes: _containers.RepeatedCompositeFieldContainer[_value_pb2.Note]
    inputs: _tensor_pb2.Tensor
    layout: str
    labels: _containers.ScalarMap[int, str]
    preprocessing: _model_pb2.Preprocessing
    rendered: _containers.RepeatedScalarFieldContainer[bytes]
    starts: _containers.RepeatedCompositeFieldContainer[_tensor_pb2.Tensor]
    def __init__(self, target: _Optional[_Union[_target_pb2.ResolvedTarget, _Mapping]] = ..., probability: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., label: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., activation: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., done: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., layer: _Optional[str] = ..., channel: _Optional[int] = ..., baseline_probability: _Optional[float] = ..., baseline_label: _Optional[int] = ..., baseline_activation: _Optional[float] = ..., tops: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., lefts: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., size: _Optional[_Iterable[int]] = ..., stride: _Optional[_Iterable[int]] = ..., fill: _Optional[_Iterable[float]] = ..., notes: _Optional[_Iterable[_Union[_value_pb2.Note, _Mapping]]] = ..., inputs: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., layout: _Optional[str] = ..., labels: _Optional[_Mapping[int, str]] = ..., preprocessing: _Optional[_Union[_model_pb2.Preprocessing, _Mapping]] = ..., rendered: _Optional[_Iterable[bytes]] = ..., starts: _Optional[_Iterable[_Union[_tensor_pb2.Tensor, _Mapping]]] = ...) -> None: ...

class Vectors(_message.Message):
    __slots__ = ("vectors", "layer", "pooling", "notes", "rendered")
    VECTORS_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    POOLING_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    RENDERED_FIELD_NUMBER: _ClassVar[int]
    vectors: _tensor_pb2.Tensor
    layer: str
    pooling: str
    notes: _containers.RepeatedCompositeFieldContainer[_value_pb2.Note]
    rendered: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, vectors: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., layer: _Optional[str] = ..., pooling: _Optional[str] = ..., notes: _Optional[_Iterable[_Union[_value_pb2.Note, _Mapping]]] = ..., rendered: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Table(_message.Message):
    __slots__ = ("columns", "rows", "title", "notes", "rendered")
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    RENDERED_FIELD_NUMBER: _ClassVar[int]
    columns: _containers.RepeatedScalarFieldContainer[str]
    rows: _containers.RepeatedCompositeFieldContainer[Row]
    title: str
    notes: _containers.RepeatedCompositeFieldContainer[_value_pb2.Note]
    rendered: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, columns: _Optional[_Iterable[str]] = ..., rows: _Optional[_Iterable[_Union[Row, _Mapping]]] = ..., title: _Optional[str] = ..., notes: _Optional[_Iterable[_Union[_value_pb2.Note, _Mapping]]] = ..., rendered: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Row(_message.Message):
    __slots__ = ("cells",)
    CELLS_FIELD_NUMBER: _ClassVar[int]
    cells: _containers.RepeatedCompositeFieldContainer[_value_pb2.Value]
    def __init__(self, cells: _Optional[_Iterable[_Union[_value_pb2.Value, _Mapping]]] = ...) -> None: ...

class Series(_message.Message):
    __slots__ = ("x", "curves", "x_label", "y_label", "title", "notes", "rendered", "names")
    class CurvesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _tensor_pb2.Tensor
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ...) -> None: ...
    X_FIELD_NUMBER: _ClassVar[int]
    CURVES_FIELD_NUMBER: _ClassVar[int]
    X_LABEL_FIELD_NUMBER: _ClassVar[int]
    Y_LABEL_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    RENDERED_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    x: _tensor_pb2.Tensor
    curves: _containers.MessageMap[str, _tensor_pb2.Tensor]
    x_label: str
    y_label: str
    title: str
    notes: _containers.RepeatedCompositeFieldContainer[_value_pb2.Note]
    rendered: _containers.RepeatedScalarFieldContainer[bytes]
    names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, x: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., curves: _Optional[_Mapping[str, _tensor_pb2.Tensor]] = ..., x_label: _Optional[str] = ..., y_label: _Optional[str] = ..., title: _Optional[str] = ..., notes: _Optional[_Iterable[_Union[_value_pb2.Note, _Mapping]]] = ..., rendered: _Optional[_Iterable[bytes]] = ..., names: _Optional[_Iterable[str]] = ...) -> None: ...

class Images(_message.Message):
    __slots__ = ("images", "notes", "rendered")
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    RENDERED_FIELD_NUMBER: _ClassVar[int]
    images: _containers.RepeatedCompositeFieldContainer[Picture]
    notes: _containers.RepeatedCompositeFieldContainer[_value_pb2.Note]
    rendered: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, images: _Optional[_Iterable[_Union[Picture, _Mapping]]] = ..., notes: _Optional[_Iterable[_Union[_value_pb2.Note, _Mapping]]] = ..., rendered: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Picture(_message.Message):
    __slots__ = ("pixels", "caption", "value", "role", "measures", "values")
    class MeasuresEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    PIXELS_FIELD_NUMBER: _ClassVar[int]
    CAPTION_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    MEASURES_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    pixels: _tensor_pb2.Tensor
    caption: str
    value: float
    role: str
    measures: _containers.ScalarMap[str, float]
    values: _tensor_pb2.Tensor
    def __init__(self, pixels: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., caption: _Optional[str] = ..., value: _Optional[float] = ..., role: _Optional[str] = ..., measures: _Optional[_Mapping[str, float]] = ..., values: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ...) -> None: ...

class Examples(_message.Message):
    __slots__ = ("rows", "notes", "rendered")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    RENDERED_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[ExampleRow]
    notes: _containers.RepeatedCompositeFieldContainer[_value_pb2.Note]
    rendered: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, rows: _Optional[_Iterable[_Union[ExampleRow, _Mapping]]] = ..., notes: _Optional[_Iterable[_Union[_value_pb2.Note, _Mapping]]] = ..., rendered: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ExampleRow(_message.Message):
    __slots__ = ("title", "examples", "layer", "channel")
    TITLE_FIELD_NUMBER: _ClassVar[int]
    EXAMPLES_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    title: str
    examples: _containers.RepeatedCompositeFieldContainer[Example]
    layer: str
    channel: int
    def __init__(self, title: _Optional[str] = ..., examples: _Optional[_Iterable[_Union[Example, _Mapping]]] = ..., layer: _Optional[str] = ..., channel: _Optional[int] = ...) -> None: ...

class Example(_message.Message):
    __slots__ = ("image", "value", "window", "pixels", "projection", "caption")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    PIXELS_FIELD_NUMBER: _ClassVar[int]
    PROJECTION_FIELD_NUMBER: _ClassVar[int]
    CAPTION_FIELD_NUMBER: _ClassVar[int]
    image: str
    value: float
    window: _containers.RepeatedScalarFieldContainer[int]
    pixels: _tensor_pb2.Tensor
    projection: _tensor_pb2.Tensor
    caption: str
    def __init__(self, image: _Optional[str] = ..., value: _Optional[float] = ..., window: _Optional[_Iterable[int]] = ..., pixels: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., projection: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., caption: _Optional[str] = ...) -> None: ...

class Figure(_message.Message):
    __slots__ = ("panels", "title", "notes", "rendered", "columns")
    PANELS_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    RENDERED_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    panels: _containers.RepeatedCompositeFieldContainer[Panel]
    title: str
    notes: _containers.RepeatedCompositeFieldContainer[_value_pb2.Note]
    rendered: _containers.RepeatedScalarFieldContainer[bytes]
    columns: int
    def __init__(self, panels: _Optional[_Iterable[_Union[Panel, _Mapping]]] = ..., title: _Optional[str] = ..., notes: _Optional[_Iterable[_Union[_value_pb2.Note, _Mapping]]] = ..., rendered: _Optional[_Iterable[bytes]] = ..., columns: _Optional[int] = ...) -> None: ...

class Panel(_message.Message):
    __slots__ = ("title", "result", "caption")
    TITLE_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    CAPTION_FIELD_NUMBER: _ClassVar[int]
    title: str
    result: Result
    caption: str
    def __init__(self, title: _Optional[str] = ..., result: _Optional[_Union[Result, _Mapping]] = ..., caption: _Optional[str] = ...) -> None: ...

class Report(_message.Message):
    __slots__ = ("findings", "title", "notes", "rendered", "verdicts", "facts", "panels")
    class FactsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    RENDERED_FIELD_NUMBER: _ClassVar[int]
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    PANELS_FIELD_NUMBER: _ClassVar[int]
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    title: str
    notes: _containers.RepeatedCompositeFieldContainer[_value_pb2.Note]
    rendered: _containers.RepeatedScalarFieldContainer[bytes]
    verdicts: _containers.RepeatedCompositeFieldContainer[Verdict]
    facts: _containers.ScalarMap[str, float]
    panels: _containers.RepeatedCompositeFieldContainer[Panel]
    def __init__(self, findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ..., title: _Optional[str] = ..., notes: _Optional[_Iterable[_Union[_value_pb2.Note, _Mapping]]] = ..., rendered: _Optional[_Iterable[bytes]] = ..., verdicts: _Optional[_Iterable[_Union[Verdict, _Mapping]]] = ..., facts: _Optional[_Mapping[str, float]] = ..., panels: _Optional[_Iterable[_Union[Panel, _Mapping]]] = ...) -> None: ...

class Finding(_message.Message):
    __slots__ = ("id", "severity", "message", "subject", "kind", "operator", "measured", "allowed", "mend", "silenced")
    ID_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    MEASURED_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    MEND_FIELD_NUMBER: _ClassVar[int]
    SILENCED_FIELD_NUMBER: _ClassVar[int]
    id: str
    severity: str
    message: str
    subject: str
    kind: str
    operator: str
    measured: str
    allowed: str
    mend: str
    silenced: str
    def __init__(self, id: _Optional[str] = ..., severity: _Optional[str] = ..., message: _Optional[str] = ..., subject: _Optional[str] = ..., kind: _Optional[str] = ..., operator: _Optional[str] = ..., measured: _Optional[str] = ..., allowed: _Optional[str] = ..., mend: _Optional[str] = ..., silenced: _Optional[str] = ...) -> None: ...

class Verdict(_message.Message):
    __slots__ = ("id", "outcome", "reason", "seconds")
    ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    id: str
    outcome: str
    reason: str
    seconds: float
    def __init__(self, id: _Optional[str] = ..., outcome: _Optional[str] = ..., reason: _Optional[str] = ..., seconds: _Optional[float] = ...) -> None: ...

class Layers(_message.Message):
    __slots__ = ("layers", "notes", "rendered")
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    RENDERED_FIELD_NUMBER: _ClassVar[int]
    layers: _containers.RepeatedCompositeFieldContainer[_model_pb2.Layer]
    notes: _containers.RepeatedCompositeFieldContainer[_value_pb2.Note]
    rendered: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, layers: _Optional[_Iterable[_Union[_model_pb2.Layer, _Mapping]]] = ..., notes: _Optional[_Iterable[_Union[_value_pb2.Note, _Mapping]]] = ..., rendered: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Rectifiers(_message.Message):
    __slots__ = ("rectifiers", "notes", "rendered")
    RECTIFIERS_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    RENDERED_FIELD_NUMBER: _ClassVar[int]
    rectifiers: _containers.RepeatedCompositeFieldContainer[_model_pb2.FoundRectifier]
    notes: _containers.RepeatedCompositeFieldContainer[_value_pb2.Note]
    rendered: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, rectifiers: _Optional[_Iterable[_Union[_model_pb2.FoundRectifier, _Mapping]]] = ..., notes: _Optional[_Iterable[_Union[_value_pb2.Note, _Mapping]]] = ..., rendered: _Optional[_Iterable[bytes]] = ...) -> None: ...
