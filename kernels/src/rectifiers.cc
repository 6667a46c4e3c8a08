// Derivatives of functions of one element, times what came back: ReluGrad, ClipGrad, SiluGrad and its kin.
//
// gy and y broadcast against each other as ONNX's operators do. What is common is fast: shapes that agree, and one image
// y (1, …) for several seeds gy (K, …).

#include <cmath>

#include "loops.h"
#include "operators.h"
#include "tensors.h"

namespace kernels {
namespace {

// Sets `shape` to that of both broadcast; false where they do not.
bool broadcast(const Shape& a, const Shape& b, Shape* shape) {
  shape->rank = a.rank > b.rank ? a.rank : b.rank;
  for (size_t back = 1; back <= shape->rank; ++back) {
    const int64_t m = back <= a.rank ? a.sizes[a.rank - back] : 1, n = back <= b.rank ? b.sizes[b.rank - back] : 1;
    if (m != n && m != 1 && n != 1) return false;
    shape->sizes[shape->rank - back] = m == 1 ? n : m;
  }
  return true;
}

bool are_equal(const Shape& a, const Shape& b, size_t first = 0) {
  if (a.rank != b.rank) return false;
  for (size_t axis = first; axis < a.rank; ++axis) {
    if (a.sizes[axis] != b.sizes[axis]) return false;
  }
  return true;
}

// Where in a tensor the element is that stands at `place` of the broadcast result.
int64_t source(const Shape& shape, const Shape& result, int64_t place) {
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

size_t first_in_place(int** inputs, int** outputs) {
  static int zero = 0;
  *inputs = *outputs = &zero;
  return 1;
}

void keep(int*, int*) {}

// Says that the result is as large as both inputs where they are known to be alike: what follows can then be planned.
template <ort::ElementType SECOND>
struct Inference {
  static const ort::Api* api;

  static ort::Status* infer(const ort::CustomOp*, ort::ShapeInference* inference) {
    ort::ShapeInfo* infos[2] = {};
    Shape shapes[2];
    for (size_t i = 0; i < 2; ++i) {
      ort::Status* unknown = api->input_shape(inference, i, &infos[i]);
      if (unknown == nullptr) unknown = read(*api, infos[i], &shapes[i], i == 0 ? ort::FLOAT : SECOND);
      if (unknown == nullptr) continue;
      api->release(unknown);
      return nullptr;
    }
    bool is_known = are_equal(shapes[0], shapes[1]);
    for (size_t axis = 0; axis < shapes[0].rank; ++axis) is_known = is_known && shapes[0].sizes[axis] >= 0;
    return is_known ? api->output_shape(inference, 0, infos[0]) : nullptr;
  }
};

template <ort::ElementType SECOND>
const ort::Api* Inference<SECOND>::api = nullptr;

template <typename Kernel, ort::ElementType SECOND = ort::FLOAT>
ort::CustomOp rectifier(const ort::Api& api) {
  ort::CustomOp op = two_to_one<Kernel>();
  Inference<SECOND>::api = &api;  // that the callback is not given
  op.infer_shape = Inference<SECOND>::infer;
  op.may_be_in_place = first_in_place;
  op.release_in_place = keep;
  return op;
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
