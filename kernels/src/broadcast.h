// Shapes that broadcast against each other, as those of ONNX's operators do.

#pragma once

#include "tensors.h"

namespace kernels {

// Sets `shape` to that of both broadcast; false where they do not.
inline bool broadcast(const Shape& a, const Shape& b, Shape* shape) {
  shape->rank = a.rank > b.rank ? a.rank : b.rank;
  for (size_t back = 1; back <= shape->rank; ++back) {
    const int64_t m = back <= a.rank ? a.sizes[a.rank - back] : 1, n = back <= b.rank ? b.sizes[b.rank - back] : 1;
    if (m != n && m != 1 && n != 1) return false;
    shape->sizes[shape->rank - back] = m == 1 ? n : m;
  }
  return true;
}

inline bool are_equal(const Shape& a, const Shape& b, size_t first = 0) {
  if (a.rank != b.rank) return false;
  for (size_t axis = first; axis < a.rank; ++axis) {
    if (a.sizes[axis] != b.sizes[axis]) return false;
  }
  return true;
}

// Where in a tensor the element is that stands at `place` of the broadcast result.
inline int64_t source(const Shape& shape, const Shape& result, int64_t place) {
  int64_t at = 0, step = 1;
  for (size_t back = 1; back <= result.rank; ++back) {
    const int64_t size = result.sizes[result.rank - back], digit = place % size;
    place /= size;
    if (back > shape.rank) continue;
    const int64_t own = shape.sizes[shape.rank - back];
    if (own != 1) at += digit * step;
    step *= own;
  }
  return at;
}

}  // namespace kernels
