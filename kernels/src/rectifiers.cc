// Derivatives of functions of one element, times what came back: ReluGrad, ClipGrad, SiluGrad and its kin.
//
// gy and y broadcast against each other as ONNX's operators do. What is common is fast: shapes that agree, and one image
// y (1, …) for several seeds gy (K, …).

#include <cmath>

#include "broadcast.h"
#include "in_place.h"
#include "loops.h"
#include "operators.h"
#include "tensors.h"

namespace kernels {
namespace {

// loop(gy, y, gx, count) for whole rows.
template <typename Second = Tensor, typename Loop>
ort::Status* elementwise(const ort::Api& api, ort::KernelContext* context, const Loop& loop) {
  Tensor gy;
  Second y;
  if (ort::Status* failed = read(api, context, 0, &gy)) return failed;
  if (ort::Status* failed = read(api, context, 1, &y)) return failed;
  Shape shape;
  if (!broadcast(gy.shape, y.shape, &shape)) {
    return refuse(api, "The gradient and the values of a rectifier do not broadcast against each other.");
  }
  float* gx = nullptr;
  if (ort::Status* failed = write(api, context, shape, &gx)) return failed;
  const bool is_seeds = are_equal(gy.shape, shape) && are_equal(y.shape, shape, 1) && shape.rank > 0;
  if (are_equal(gy.shape, y.shape)) {
    return in_parallel(api, context, shape.count(), GRAIN, [&](int64_t begin, int64_t end) {
      loop(gy.data + begin, y.data + begin, gx + begin, end - begin);
    });
  }
  if (is_seeds) {
    const int64_t image = y.shape.count();
    return in_parallel(api, context, shape.count(), GRAIN, [&](int64_t begin, int64_t end) {
      while (begin < end) {
        const int64_t at = begin % image, rest = image - at, count = rest < end - begin ? rest : end - begin;
        loop(gy.data + begin, y.data + at, gx + begin, count);
        begin += count;
      }
    });
  }
  return in_parallel(api, context, shape.count(), GRAIN, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      loop(gy.data + source(gy.shape, shape, i), y.data + source(y.shape, shape, i), gx + i, 1);
    }
  });
}

struct Relu {
  const ort::Api& api;

  ort::Status* read(const ort::KernelInfo*) { return nullptr; }
  ort::Status* run(ort::KernelContext* context) const {
    return elementwise(api, context, [](const float* g, const float* y, float* o, int64_t count) {
      loops().above(g, y, o, count, 0.f);
    });
  }
};

// What is told two bounds.
struct Bounded {
  const ort::Api& api;
  float low = 0, high = 0;

  ort::Status* read(const ort::KernelInfo* info) {
    if (ort::Status* failed = api.attribute(info, "low", &low)) return failed;
    return api.attribute(info, "high", &high);
  }
};

struct Clip : Bounded {
  ort::Status* run(ort::KernelContext* context) const {
    return elementwise(api, context, [this](const float* g, const float* y, float* o, int64_t count) {
      loops().between(g, y, o, count, low, high);
    });
  }
};

struct Silu {
  const ort::Api& api;
  float alpha = 1;

  ort::Status* read(const ort::KernelInfo* info) {
    if (ort::Status* failed = api.attribute(info, "alpha", &alpha)) return failed;
    return std::isfinite(alpha) ? nullptr : refuse(api, "SiluGrad needs a finite alpha.");
  }
  ort::Status* run(ort::KernelContext* context) const {
    return elementwise(api, context, [this](const float* g, const float* x, float* o, int64_t count) {
      loops().silu(g, x, o, count, alpha);
    });
  }
};

// A function of x without attributes.
template <void (*Loops::*LOOP)(const float*, const float*, float*, int64_t)>
struct Curve {
  const ort::Api& api;

  ort::Status* read(const ort::KernelInfo*) { return nullptr; }
  ort::Status* run(ort::KernelContext* context) const { return elementwise(api, context, loops().*LOOP); }
};

// Marks what ClipGrad would let pass: a byte instead of a number to keep until then.
struct Inside : Bounded {
  ort::Status* run(ort::KernelContext* context) const {
    Tensor y;
    if (ort::Status* failed = kernels::read(api, context, 0, &y)) return failed;
    uint8_t* marks = nullptr;
    if (ort::Status* failed = write(api, context, y.shape, &marks)) return failed;
    return in_parallel(api, context, y.shape.count(), GRAIN, [&](int64_t begin, int64_t end) {
      loops().mark(y.data + begin, marks + begin, end - begin, low, high);
    });
  }
};

struct Masked {
  const ort::Api& api;

  ort::Status* read(const ort::KernelInfo*) { return nullptr; }
  ort::Status* run(ort::KernelContext* context) const { return elementwise<Marks>(api, context, loops().pass); }
};

}  // namespace

ort::CustomOp inside() {
  ort::CustomOp op = two_to_one<Inside>();
  op.inputs = [](const ort::CustomOp*) { return size_t{1}; };
  op.output_type = [](const ort::CustomOp*, size_t) { return ort::UINT8; };
  op.name = [](const ort::CustomOp*) { return "Inside"; };
  return op;
}

ort::CustomOp mask_grad(const ort::Api& api) {
  ort::CustomOp op = rectifier<Masked, ort::UINT8>(api);
  op.input_type = [](const ort::CustomOp*, size_t index) { return index == 0 ? ort::FLOAT : ort::UINT8; };
  op.name = [](const ort::CustomOp*) { return "MaskGrad"; };
  return op;
}

ort::CustomOp relu_grad(const ort::Api& api) {
  ort::CustomOp op = rectifier<Relu>(api);
  op.name = [](const ort::CustomOp*) { return "ReluGrad"; };
  return op;
}

ort::CustomOp clip_grad(const ort::Api& api) {
  ort::CustomOp op = rectifier<Clip>(api);
  op.name = [](const ort::CustomOp*) { return "ClipGrad"; };
  return op;
}

ort::CustomOp silu_grad(const ort::Api& api) {
  ort::CustomOp op = rectifier<Silu>(api);
  op.name = [](const ort::CustomOp*) { return "SiluGrad"; };
  return op;
}

ort::CustomOp gelu_grad(const ort::Api& api) {
  ort::CustomOp op = rectifier<Curve<&Loops::gelu>>(api);
  op.name = [](const ort::CustomOp*) { return "GeluGrad"; };
  return op;
}

ort::CustomOp tanh_gelu_grad(const ort::Api& api) {
  ort::CustomOp op = rectifier<Curve<&Loops::tanh_gelu>>(api);
  op.name = [](const ort::CustomOp*) { return "TanhGeluGrad"; };
  return op;
}

ort::CustomOp hard_swish_grad(const ort::Api& api) {
  ort::CustomOp op = rectifier<Curve<&Loops::hard_swish>>(api);
  op.name = [](const ort::CustomOp*) { return "HardSwishGrad"; };
  return op;
}

}  // namespace kernels
