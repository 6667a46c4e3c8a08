// DepthwiseConvTranspose: x (N, C, rows, columns), w (C, 1, kernel) -> y (N, C, sizes), as ConvTranspose of C groups:
// y[u * stride + i - begin] += w[i] * x[u].
//
// Attributes: strides, begins (pads at top and left), sizes (of y).

#include <algorithm>

#include "spreading.h"

namespace kernels {
namespace {

struct Depthwise : Transposed {
  Pair sizes{};

  ort::Status* read(const ort::KernelInfo* info) {
    if (ort::Status* failed = Transposed::read(info)) return failed;
    return read_pair(api, info, "sizes", sizes.values, 1);
  }

  ort::Status* run(ort::KernelContext* context) const {
    Tensor x, w;
    if (ort::Status* failed = kernels::read(api, context, 0, &x)) return failed;
    if (ort::Status* failed = kernels::read(api, context, 1, &w)) return failed;
    if (x.shape.rank != 4 || w.shape.rank != 4) {
      return refuse(api, "DepthwiseConvTranspose takes maps and filters of 4 axes.");
    }
    if (w.shape.sizes[0] != x.shape.sizes[1] || w.shape.sizes[1] != 1) {
      return refuse(api, "DepthwiseConvTranspose needs one filter for each channel of x.");
    }
    if (const char* fault = fault_of(x.shape, w.shape, sizes)) return refuse(api, fault);
    Shape shape = x.shape;
    shape.sizes[2] = sizes[0];
    shape.sizes[3] = sizes[1];
    float* y = nullptr;
    if (ort::Status* failed = write(api, context, shape, &y)) return failed;
    const int64_t channels = shape.sizes[1], planes = shape.sizes[0] * channels;
    const int64_t given = x.shape.count(2), made = shape.count(2), filter = w.shape.count(2);
    if (planes == 0) return nullptr;
    const Spreading spreading = spreading_of(x.shape, w.shape, sizes);
    const Taps taps = taps_of(spreading);
    const int64_t grain = GRAIN / (given + made) + 1;
    const auto spread = [&](int64_t begin, int64_t end, float* scratch) {
      std::fill_n(scratch, spreading.padded_size(), 0.f);
      for (int64_t plane = begin; plane < end; ++plane) {
        const float* own = w.data + plane % channels * filter;
        loops().spread(spreading, taps, x.data + plane * given, own, y + plane * made, scratch);
      }
    };
    return in_parallel_beside(api, context, planes, grain, spreading.scratch_size(), spread);
  }
};

const ort::Api* used = nullptr;  // which the callback is not given

ort::Status* infer(ort::ShapeInference* inference) {
  Shape shape;
  Pair sizes;
  if (ort::Status* unknown = read(*used, inference, 0, &shape)) return unknown;
  if (ort::Status* unknown = read(*used, inference, "sizes", &sizes)) return unknown;
  if (shape.rank != 4) return nullptr;
  shape.sizes[2] = sizes[0];
  shape.sizes[3] = sizes[1];
  return tell(*used, inference, shape);
}

}  // namespace

ort::CustomOp depthwise_conv_transpose(const ort::Api& api) {
  ort::CustomOp op = two_to_one<Depthwise>();
  used = &api;
  op.infer_shape = [](const ort::CustomOp*, ort::ShapeInference* inference) {
    if (ort::Status* unknown = infer(inference)) used->release(unknown);
    return static_cast<ort::Status*>(nullptr);
  };
  op.name = [](const ort::CustomOp*) { return "DepthwiseConvTranspose"; };
  return op;
}

}  // namespace kernels
