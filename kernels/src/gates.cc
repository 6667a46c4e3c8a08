// The way back through y = x · gate, where each channel has one gate that was made of its mean (squeeze and excitation, Hu
// et al. 2018): ChannelSums leads to the gates, GatedSiluGrad adds what comes of them to what x gets itself.
//
// All broadcast as ONNX's operators do. What is common is fast: maps that agree, one number of every other tensor for each
// channel, and one image for several seeds.

#include <cmath>

#include "broadcast.h"
#include "in_place.h"
#include "loops.h"
#include "operators.h"
#include "tensors.h"

namespace kernels {
namespace {

constexpr size_t FIRST_OF_MAPS = 2;  // axes before it are images and channels

// Whether a tensor has the channels of `whole`, with maps of one number or of as many, and its images or a single one.
bool is_by_channel(const Shape& shape, const Shape& whole, bool has_maps) {
  if (shape.rank != whole.rank || whole.rank <= FIRST_OF_MAPS) return false;
  if (shape.sizes[0] != whole.sizes[0] && shape.sizes[0] != 1) return false;
  for (size_t axis = 1; axis < whole.rank; ++axis) {
    const int64_t wanted = axis < FIRST_OF_MAPS || has_maps ? whole.sizes[axis] : 1;
    if (shape.sizes[axis] != wanted) return false;
  }
  return true;
}

// So many channels, each with a map of `size`, that a task is worth a thread's waking.
int64_t channels_of_task(int64_t size) { return size >= GRAIN ? 1 : GRAIN / (size > 0 ? size : 1); }

// gx = (gy · gate + share) · ∂SiLU(x)
struct GatedSilu {
  const ort::Api& api;
  float alpha = 1;

  ort::Status* read(const ort::KernelInfo* info) {
    if (ort::Status* failed = api.attribute(info, "alpha", &alpha)) return failed;
    return std::isfinite(alpha) ? nullptr : refuse(api, "GatedSiluGrad needs a finite alpha.");
  }

  ort::Status* run(ort::KernelContext* context) const {
    Tensor gy, x, gate, share;
    Shape whole;
    Tensor* const tensors[] = {&gy, &x, &gate, &share};
    for (size_t index = 0; index < 4; ++index) {
      if (ort::Status* failed = kernels::read(api, context, index, tensors[index])) return failed;
      const Shape before = whole;
      if (!broadcast(before, tensors[index]->shape, &whole)) {
        return refuse(api, "The tensors of a GatedSiluGrad do not broadcast against each other.");
      }
    }
    float* gx = nullptr;
    if (ort::Status* failed = write(api, context, whole, &gx)) return failed;
    if (are_equal(gy.shape, whole) && is_by_channel(x.shape, whole, true) && is_by_channel(gate.shape, whole, false) &&
        is_by_channel(share.shape, whole, false)) {
      const int64_t size = whole.count(FIRST_OF_MAPS), own = x.shape.sizes[0] * x.shape.sizes[1];
      const int64_t gates = gate.shape.count(), shares = share.shape.count();
      const int64_t channels = whole.sizes[0] * whole.sizes[1];
      return in_parallel(api, context, channels, channels_of_task(size), [&](int64_t begin, int64_t end) {
        for (int64_t c = begin; c < end; ++c) {
          loops().gated_silu(gy.data + c * size, x.data + c % own * size, gx + c * size, size, alpha,
                             gate.data[c % gates], share.data[c % shares]);
        }
      });
    }
    return in_parallel(api, context, whole.count(), GRAIN, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        loops().gated_silu(gy.data + source(gy.shape, whole, i), x.data + source(x.shape, whole, i), gx + i, 1, alpha,
                           gate.data[source(gate.shape, whole, i)], share.data[source(share.shape, whole, i)]);
      }
    });
  }
};

// The sums of gy · x over each map, whose axes stay, of size 1.
struct Sums {
  const ort::Api& api;

  ort::Status* read(const ort::KernelInfo*) { return nullptr; }

  ort::Status* run(ort::KernelContext* context) const {
    Tensor gy, x;
    if (ort::Status* failed = kernels::read(api, context, 0, &gy)) return failed;
    if (ort::Status* failed = kernels::read(api, context, 1, &x)) return failed;
    Shape whole;
    if (!broadcast(gy.shape, x.shape, &whole)) {
      return refuse(api, "The tensors of ChannelSums do not broadcast against each other.");
    }
    if (whole.rank <= FIRST_OF_MAPS) return refuse(api, "ChannelSums needs maps behind images and channels.");
    Shape left = whole;
    for (size_t axis = FIRST_OF_MAPS; axis < left.rank; ++axis) left.sizes[axis] = 1;
    float* sums = nullptr;
    if (ort::Status* failed = write(api, context, left, &sums)) return failed;
    const int64_t size = whole.count(FIRST_OF_MAPS), channels = whole.sizes[0] * whole.sizes[1];
    const bool is_common = are_equal(gy.shape, whole) && is_by_channel(x.shape, whole, true);
    const int64_t own = is_common ? x.shape.sizes[0] * x.shape.sizes[1] : 1;
    return in_parallel(api, context, channels, channels_of_task(size), [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) {
        if (is_common) {
          sums[c] = loops().product(gy.data + c * size, x.data + c % own * size, size);
          continue;
        }
        float sum = 0;
        for (int64_t i = c * size; i < (c + 1) * size; ++i) {
          sum += gy.data[source(gy.shape, whole, i)] * x.data[source(x.shape, whole, i)];
        }
        sums[c] = sum;
      }
    });
  }
};

}  // namespace

ort::CustomOp gated_silu_grad(const ort::Api& api) {
  ort::CustomOp op = rectifier<GatedSilu>(api);
  op.inputs = [](const ort::CustomOp*) { return size_t{4}; };
  op.name = [](const ort::CustomOp*) { return "GatedSiluGrad"; };
  return op;
}

ort::CustomOp channel_sums() {
  ort::CustomOp op = two_to_one<Sums>();
  op.name = [](const ort::CustomOp*) { return "ChannelSums"; };
  return op;
}

}  // namespace kernels
