from inspector.v1 import value_pb2 as _value_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OptionType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OPTION_TYPE_UNSPECIFIED: _ClassVar[OptionType]
    OPTION_TYPE_INTEGER: _ClassVar[OptionType]
    OPTION_TYPE_NUMBER: _ClassVar[OptionType]
    OPTION_TYPE_TEXT: _ClassVar[OptionType]
    OPTION_TYPE_FLAG: _ClassVar[OptionType]
    OPTION_TYPE_NUMBERS: _ClassVar[OptionType]
    OPTION_TYPE_TENSOR: _ClassVar[OptionType]
    OPTION_TYPE_POLICIES: _ClassVar[OptionType]
    OPTION_TYPE_TEXTS: _ClassVar[OptionType]
    OPTION_TYPE_OTHER: _ClassVar[OptionType]
OPTION_TYPE_UNSPECIFIED: OptionType
OPTION_TYPE_INTEGER: OptionType
OPTION_TYPE_NUMBER: OptionType
OPTION_TYPE_TEXT: OptionType
OPTION_TYPE_FLAG: OptionType
OPTION_TYPE_NUMBERS: OptionType
OPTION_TYPE_TENSOR: OptionType
OPTION_TYPE_POLICIES: OptionType
OPTION_TYPE_TEXTS: OptionType
OPTION_TYPE_OTHER: OptionType

class Method(_message.Message):
    __slots__ = ("name", "title", "description", "options", "picture", "caution", "card")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    PICTURE_FIELD_NUMBER: _ClassVar[int]
    CAUTION_FIELD_NUMBER: _ClassVar[int]
    CARD_FIELD_NUMBER: _ClassVar[int]
    name: str
    title: str
    description: str
    options: _containers.RepeatedCompositeFieldContainer[Option]
    picture: str
    caution: str
    card: Card
    def __init__(self, name: _Optional[str] = ..., title: _Optional[str] = ..., description: _Optional[str] = ..., options: _Optional[_Iterable[_Union[Option, _Mapping]]] = ..., picture: _Optional[str] = ..., caution: _Optional[str] = ..., card: _Optional[_Union[Card, _Mapping]] = ...) -> None: ...

class Verb(_message.Message):
    __slots__ = ("name", "description", "options", "result", "takes_images", "card")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    TAKES_IMAGES_FIELD_NUMBER: _ClassVar[int]
    CARD_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    options: _containers.RepeatedCompositeFieldContainer[Option]
    result: str
    takes_images: bool
    card: Card
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., options: _Optional[_Iterable[_Union[Option, _Mapping]]] = ..., result: _Optional[str] = ..., takes_images: bool = ..., card: _Optional[_Union[Card, _Mapping]] = ...) -> None: ...

class Card(_message.Message):
    __slots__ = ("formula", "source", "shows", "hides", "cost")
    FORMULA_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SHOWS_FIELD_NUMBER: _ClassVar[int]
    HIDES_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    formula: str
    source: str
    shows: str
    hides: str
    cost: str
    def __init__(self, formula: _Optional[str] = ..., source: _Optional[str] = ..., shows: _Optional[str] = ..., hides: _Optional[str] = ..., cost: _Optional[str] = ...) -> None: ...

class Option(_message.Message):
    __slots__ = ("name", "types", "default_value", "choices", "help")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPES_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_VALUE_FIELD_NUMBER: _ClassVar[int]
    CHOICES_FIELD_NUMBER: _ClassVar[int]
    HELP_FIELD_NUMBER: _ClassVar[int]
    name: str
    types: _containers.RepeatedScalarFieldContainer[OptionType]
    default_value: _value_pb2.Value
    choices: _containers.RepeatedScalarFieldContainer[str]
    help: str
    def __init__(self, name: _Optional[str] = ..., types: _Optional[_Iterable[_Union[OptionType, str]]] = ..., default_value: _Optional[_Union[_value_pb2.Value, _Mapping]] = ..., choices: _Optional[_Iterable[str]] = ..., help: _Optional[str] = ...) -> None: ...
