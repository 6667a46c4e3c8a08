// MaxPoolGrad: x (N or 1, C, H, W), gy (N, C, rows, columns) -> gx (N, C, H, W), gx[first maximum of a window] += gy.
//
// Attributes: kernel_shape and strides as of MaxPool, begins (the padding at top and left). With rectified = 1 only maxima
// above 0 get a gradient: what a rectifier before the pooling would take away anyway.

#include <climits>

#include "attributes.h"
#include "loops.h"
#include "operators.h"
#include "tensors.h"

namespace kernels {
namespace {

constexpr int64_t MOST_ELEMENTS = INT32_MAX / 4;  // of a map: its places are numbers of 32 bits

struct MaxPool {
  const ort::Api& api;
  int64_t kernel[2] = {}, strides[2] = {}, begins[2] = {};
  int64_t rectified = 0;

  ort::Status* read(const ort::KernelInfo* info) {
    if (ort::Status* failed = read_pair(api, info, "kernel_shape", kernel, 1)) return failed;
    if (ort::Status* failed = read_pair(api, info, "strides", strides, 1)) return failed;
    if (ort::Status* failed = read_pair(api, info, "begins", begins, 0)) return failed;
    if (ort::Status* failed = api.attribute(info, "rectified", &rectified)) return failed;
    for (int axis = 0; axis < 2; ++axis) {
      if (begins[axis] >= kernel[axis]) {
        return refuse(api, "MaxPoolGrad: padding must be smaller than the kernel.");
      }
    }
    return nullptr;
  }

  ort::Status* run(ort::KernelContext* context) const {
    Tensor x, gy;
    if (ort::Status* failed = kernels::read(api, context, 0, &x)) return failed;
    if (ort::Status* failed = kernels::read(api, context, 1, &gy)) return failed;
    if (const char* fault = fault_of(x.shape, gy.shape)) return refuse(api, fault);
    Shape shape = x.shape;
    shape.sizes[0] = gy.shape.sizes[0];
    float* gx = nullptr;
    if (ort::Status* failed = write(api, context, shape, &gx)) return failed;
    const Pooling pooling = pooling_of(x.shape, gy.shape);
    const int64_t map = pooling.height * pooling.width, windows = pooling.rows * pooling.columns;
    const int64_t planes = shape.sizes[0] * shape.sizes[1], given = x.shape.sizes[0] * x.shape.sizes[1];
    if (map == 0 || planes == 0) return nullptr;
    const int64_t grain = GRAIN / (map + windows) + 1;
    const auto pool = [&](int64_t begin, int64_t end, float* scratch) {
      for (int64_t plane = begin; plane < end; ++plane) {
        loops().pool(pooling, x.data + plane % given * map, gy.data + plane * windows, gx + plane * map, scratch);
      }
    };
    return in_parallel_beside(api, context, planes, grain, pooling.scratch_size(), pool);
  }

  Pooling pooling_of(const Shape& x, const Shape& gy) const {
    return {x.sizes[2],
            x.sizes[3],
            gy.sizes[2],
            gy.sizes[3],
            {kernel[0], kernel[1]},
            {strides[0], strides[1]},
            {begins[0], begins[1]},
            rectified != 0 ? 0.f : -__builtin_inff()};
  }

  // Return why the loops must not be run, or null.
  const char* fault_of(const Shape& x, const Shape& gy) const {
    if (x.rank != 4 || gy.rank != 4) return "MaxPoolGrad takes maps of 4 axes (N, C, H, W).";
    if (x.sizes[1] != gy.sizes[1]) return "MaxPoolGrad: the channels of x and of the gradient differ.";
    if (x.sizes[0] != gy.sizes[0] && x.sizes[0] != 1) {
      return "MaxPoolGrad: x has neither one image nor as many as the gradient.";
    }
    if (x.count(2) > MOST_ELEMENTS || gy.count(2) > MOST_ELEMENTS) return "MaxPoolGrad: a map is too large.";
    for (int axis = 0; axis < 2; ++axis) {
      const int64_t size = x.sizes[axis + 2], windows = gy.sizes[axis + 2];
      // A last window may hang over the end, as ceil_mode lets it; with some runtimes it sees padding alone.
      if ((windows - 1) * strides[axis] - begins[axis] >= size + strides[axis]) {
        return "MaxPoolGrad: the gradient has more windows than x.";
      }
    }
    return nullptr;
  }
};

}  // namespace

ort::CustomOp max_pool_grad() {
  ort::CustomOp op = two_to_one<MaxPool>();
  op.name = [](const ort::CustomOp*) { return "MaxPoolGrad"; };
  return op;
}

}  // namespace kernels
