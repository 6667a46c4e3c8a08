"""Families of operators of the standard domain; what computes on codes belongs to the family of its float twin."""

from __future__ import annotations

from collections.abc import Mapping

EARLY = frozenset({"Affine", "ImageScaler", "ParametricSoftplus", "Scale", "ScaledTanh"})
"""Functions of elements from before ONNX 1.0, which ONNX Runtime runs in models up to opset 9."""

# --- layers with weights

CONVOLUTIONS = frozenset({"Conv", "ConvTranspose"})
DENSE = frozenset({"Gemm", "MatMul"})
LINEAR = CONVOLUTIONS | DENSE

# --- over windows, over everything

POOLINGS = frozenset({"AveragePool", "LpPool", "MaxPool"})
GLOBAL_POOLINGS = frozenset({"GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool"})
ARGUMENTS = frozenset({"ArgMax", "ArgMin"})
REDUCTIONS = frozenset(
    {
        "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd",
        "ReduceSum", "ReduceSumSquare",
    }
)  # fmt: skip
SOFTMAXES = frozenset({"Hardmax", "LogSoftmax", "Softmax"})
NORMALIZATIONS = frozenset(
    {
        "GroupNormalization", "InstanceNormalization", "LRN", "LayerNormalization", "LpNormalization",
        "MeanVarianceNormalization", "RMSNormalization",
    }
)  # fmt: skip
"""They divide by what they measure on the tensor itself (BatchNormalization does not)."""

# --- element by element

GATES = frozenset({"HardSigmoid", "Sigmoid"})
"""From 0 to 1: as a factor, they let through."""
SQUASHING = GATES | {"Erf", "Softsign", "Tanh"}
RECTIFIERS = frozenset(
    {
        "Celu", "Clip", "Elu", "Gelu", "HardSwish", "LeakyRelu", "Mish", "PRelu", "Relu", "Selu", "Softplus", "Swish",
        "ThresholdedRelu",
    }
)  # fmt: skip
"""A Clip is one where its lower bound is 0."""
NON_NEGATIVE = frozenset({"Abs", "Exp", "HardSigmoid", "Relu", "Sigmoid", "Softmax"})
"""Their results are not negative, whatever they are given."""
CASTS = frozenset({"Cast", "CastLike"})
UNARY = (
    RECTIFIERS - {"PRelu"}
    | SQUASHING
    | CASTS
    | {
        "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BatchNormalization", "BitCast", "BitwiseNot", "Ceil",
        "Cos", "Cosh", "Exp", "Floor", "IsInf", "IsNaN", "Log", "Neg", "Not", "Reciprocal", "Round", "Shrink", "Sign",
        "Sin", "Sinh", "Sqrt", "Tan",
    }
    | EARLY
)  # fmt: skip
"""Functions of the first input's elements, whose other inputs are parameters."""
BROADCASTING = frozenset(
    {
        "Add", "And", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Div", "Equal", "Greater", "GreaterOrEqual",
        "Less", "LessOrEqual", "Max", "Mean", "Min", "Mod", "Mul", "Or", "PRelu", "Pow", "Sub", "Sum", "Where", "Xor",
    }
)  # fmt: skip
"""Functions of several inputs' elements at one place."""

# --- no arithmetic

RESHAPERS = frozenset({"Flatten", "Reshape", "Squeeze", "Unsqueeze"})
IDENTITIES = frozenset({"Dropout", "Identity"})
"""At inference."""
REARRANGERS = RESHAPERS | IDENTITIES | {"Transpose"}
"""Every element comes out once."""
SELECTORS = frozenset(
    {
        "CenterCropPad", "Compress", "Crop", "DepthToSpace", "DynamicSlice", "Expand", "Gather", "GatherElements",
        "GatherND", "ReverseSequence", "Slice", "SpaceToDepth", "Split", "Tile",
    }
)  # fmt: skip
MOVERS = REARRANGERS | SELECTORS
"""Every element of the result is one of the first input's, or 0."""
RESIZERS = frozenset({"Resize", "Upsample"})
CODE_KEEPERS = MOVERS | RESIZERS | {"Clip", "MaxPool", "Pad"}
"""On codes of quantized values: those of the result mean what those of the first input do."""
VALUE_FREE = frozenset({"Shape", "Size"})
"""They look at a tensor's shape only."""
VALUE_SIZED = frozenset(
    {"Compress", "If", "Loop", "NonMaxSuppression", "NonZero", "Scan", "StringSplit", "Unique"}
)
"""How much they give depends on the values that they are given."""
SIZE_OPERANDS: Mapping[str, tuple[int, ...]] = {
    "AffineGrid": (1,), "BlackmanWindow": (0,), "CenterCropPad": (1,), "Col2Im": (1, 2), "ConstantOfShape": (0,),
    "DFT": (1, 2), "DynamicSlice": (1, 2, 3), "Expand": (1,), "HammingWindow": (0,), "HannWindow": (0,),
    "MaxUnpool": (2,), "MelWeightMatrix": (0, 1), "OneHot": (1,), "Pad": (1, 3), "Range": (0, 1, 2), "Reshape": (1,),
    "Resize": (2, 3), "STFT": (1, 3), "Slice": (1, 2, 3, 4), "Split": (1,), "Squeeze": (1,), "Tile": (1,), "TopK": (1,),
    "Unsqueeze": (1,), "Upsample": (1,),
    **dict.fromkeys(REDUCTIONS, (1,)),
}  # fmt: skip
"""By operator: the inputs whose values decide the sizes of what it gives."""

# --- shapes

FORESEEN = (
    UNARY | BROADCASTING | CONVOLUTIONS | DENSE | POOLINGS | GLOBAL_POOLINGS | SOFTMAXES | NORMALIZATIONS | REARRANGERS
    | RESIZERS | REDUCTIONS | ARGUMENTS | VALUE_FREE
    | {
        "Concat", "Constant", "ConstantOfShape", "Crop", "DepthToSpace", "DequantizeLinear", "DynamicQuantizeLinear",
        "Expand", "Gather", "Pad", "QuantizeLinear", "Range", "Slice", "SpaceToDepth", "Split", "Tile",
    }
)  # fmt: skip
"""Operators whose shapes are inferred as ONNX Runtime makes them, wherever they can be inferred."""

# --- codes

QUANTIZERS = frozenset({"DynamicQuantizeLinear", "QuantizeLinear"})
DEQUANTIZERS = frozenset({"DequantizeLinear"})
RANGE_MEASURERS = frozenset({"DynamicQuantizeLinear", "DynamicQuantizeMatMul"})
"""They measure the range of their input over the whole tensor, so that images of one batch depend on each other."""
SCALE_ARITHMETIC = RESHAPERS - {"Flatten"} | {"Cast", "Identity", "Mul"}
"""What exporters make of the scales of two operands before they multiply the result by it."""

# --- chance

RANDOM = frozenset(
    {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
)
"""They draw: they give something else every time, whatever they read."""

# --- graphs within nodes

CONTROL_FLOW = frozenset({"If", "Loop", "Scan"})
