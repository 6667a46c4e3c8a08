// What the transposed convolutions of the domain share: geometry, refusals, and telling how large the result is.

#pragma once

#include "attributes.h"
#include "loops.h"
#include "operators.h"
#include "tensors.h"

namespace kernels {

constexpr int64_t MOST_SIDE = 16;  // of a filter, and of strides
static_assert(MOST_SIDE * MOST_SIDE <= Spreading::MOST_TAPS, "the taps of a filter, and the phases");

// Rows and columns.
struct Pair {
  int64_t values[2] = {};

  int64_t operator[](int axis) const { return values[axis]; }
};

// How filters step over the result, and the pads at its top and left.
struct Transposed {
  const ort::Api& api;
  Pair strides{}, begins{};

  ort::Status* read(const ort::KernelInfo* info);
  // Return why the loops must not be run for x (N, C, rows, columns) and w of four axes, the last two being the filter's, to
  // a result of so many rows and columns; or null.
  const char* fault_of(const Shape& x, const Shape& w, const Pair& sizes) const;
  Spreading spreading_of(const Shape& x, const Shape& w, const Pair& sizes) const;
};

Taps taps_of(const Spreading& spreading);

// Each gives null, or what went wrong.
ort::Status* read(const ort::Api& api, ort::ShapeInference* inference, size_t index, Shape* shape);
ort::Status* read(const ort::Api& api, ort::ShapeInference* inference, const char* name, Pair* pair);
// Says how large the result is: without it, nothing that follows is planned or fused.
ort::Status* tell(const ort::Api& api, ort::ShapeInference* inference, const Shape& shape);

}  // namespace kernels
