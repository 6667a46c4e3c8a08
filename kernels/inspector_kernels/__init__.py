"""Kernels for ONNX Runtime with which onnx-inspector computes gradients faster: where their library is.

Domain `inspector.kernels`, version 1; all of float32, with the broadcasting of ONNX:

ReluGrad(gy, y)              gy where y > 0, else 0
ClipGrad(gy, y; low, high)   gy where low < y < high, else 0
Inside(y; low, high)         marks: 1 where low < y < high, else 0, as uint8
MaskGrad(gy, marks)          gy where marked, else 0
SiluGrad(gy, x; alpha)       gy · s·(1 + alpha·x·(1 − s)), s = σ(alpha·x)
GeluGrad(gy, x)              gy · (c + x·c'), c the normal distribution at x
TanhGeluGrad(gy, x)          the same with c = (1 + tanh(√(2/π)·(x + 0.044715·x³)))/2
HardSwishGrad(gy, x)         gy · (x/3 + 1/2) where |x| < 3; gy above, 0 below
MaxPoolGrad(x, gy; kernel_shape, strides, begins, rectified)
                             the gradient of a MaxPool of two spatial axes at its input x, with `begins` of padding
                             before them; with rectified=1 of maxima above 0 only
DepthwiseConvTranspose(x, w; strides, begins, sizes)
                             ConvTranspose of maps (N, C, H, W) by filters w (C, 1, kernel), with `begins` of padding
                             before y and `sizes` rows and columns of it
DenseConvTranspose(x, w; strides, begins, ends)
                             ConvTranspose of maps (N, M, H, W) by filters w (M, C, kernel), with `begins` of padding
                             before y and `ends` behind it, less what is padded to y there; made for few channels C
"""

from __future__ import annotations

from pathlib import Path

INTERFACE = 4
"""Of the domain's operators: a graph that is written for another number may mean something else."""

LIBRARY = Path(__file__).with_name("inspector_kernels.so")
"""What `SessionOptions.register_custom_ops_library` takes."""

TESTED_RUNTIMES = ((1, 22), (1, 32))
"""The oldest and the newest version of ONNX Runtime that the kernels were tested with."""
