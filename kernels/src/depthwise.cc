// DepthwiseConvTranspose: x (N, C, rows, columns), w (C, 1, kernel) -> y (N, C, sizes), as ConvTranspose of C groups:
// y[u * stride + i - begin] += w[i] * x[u].
//
// Attributes: strides, begins (pads at top and left), sizes (of y).

#include <algorithm>
#include <climits>

#include "attributes.h"
#include "loops.h"
#include "operators.h"
#include "tensors.h"

namespace kernels {
namespace {

constexpr int64_t MOST_ELEMENTS = INT32_MAX / 4;  // of a map
constexpr int64_t MOST_SIDE = 16;                 // of a filter, and of strides
static_assert(MOST_SIDE * MOST_SIDE <= Spreading::MOST_TAPS, "the taps of a filter, and the phases");

bool divides(int64_t divisor, int64_t number, int64_t* quotient) {
  *quotient = number / divisor;
  return *quotient * divisor == number;
}

Taps taps_of(const Spreading& p) {
  Taps taps = {};
  int64_t tap = 0, phase = 0;
  for (int64_t a = 0; a < p.strides[0]; ++a) {
    for (int64_t b = 0; b < p.strides[1]; ++b) {
      for (int64_t i = 0; i < p.kernel[0]; ++i) {
        for (int64_t j = 0; j < p.kernel[1]; ++j) {
          int64_t down = 0, right = 0;
          if (!divides(p.strides[0], a + p.begins[0] - i, &down)) continue;
          if (!divides(p.strides[1], b + p.begins[1] - j, &right)) continue;
          taps.places[tap] = i * p.kernel[1] + j;
          taps.steps[tap] = (down + p.before(0)) * p.padded_width() + right + p.before(1);
          ++tap;
        }
      }
      taps.ends[phase++] = tap;
    }
  }
  return taps;
}

struct Depthwise {
  const ort::Api& api;
  int64_t strides[2] = {}, begins[2] = {}, sizes[2] = {};

  ort::Status* read(const ort::KernelInfo* info) {
    if (ort::Status* failed = read_pair(api, info, "strides", strides, 1)) return failed;
    if (ort::Status* failed = read_pair(api, info, "begins", begins, 0)) return failed;
    if (ort::Status* failed = read_pair(api, info, "sizes", sizes, 1)) return failed;
    const bool is_small = strides[0] <= MOST_SIDE && strides[1] <= MOST_SIDE;
    return is_small ? nullptr : refuse(api, "DepthwiseConvTranspose takes strides up to 16.");
  }

  ort::Status* run(ort::KernelContext* context) const {
    Tensor x, w;
    if (ort::Status* failed = kernels::read(api, context, 0, &x)) return failed;
    if (ort::Status* failed = kernels::read(api, context, 1, &w)) return failed;
    if (const char* fault = fault_of(x.shape, w.shape)) return refuse(api, fault);
    Shape shape = x.shape;
    shape.sizes[2] = sizes[0];
    shape.sizes[3] = sizes[1];
    float* y = nullptr;
    if (ort::Status* failed = write(api, context, shape, &y)) return failed;
    const int64_t channels = shape.sizes[1], planes = shape.sizes[0] * channels;
    const int64_t given = x.shape.count(2), made = shape.count(2), filter = w.shape.count(2);
    if (planes == 0) return nullptr;
    const Spreading spreading = {sizes[0],
                                 sizes[1],
                                 x.shape.sizes[2],
                                 x.shape.sizes[3],
                                 {w.shape.sizes[2], w.shape.sizes[3]},
                                 {strides[0], strides[1]},
                                 {begins[0], begins[1]}};
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

  // Return why the loops must not be run, or null.
  const char* fault_of(const Shape& x, const Shape& w) const {
    if (x.rank != 4 || w.rank != 4) return "DepthwiseConvTranspose takes maps and filters of 4 axes.";
    if (w.sizes[0] != x.sizes[1] || w.sizes[1] != 1) {
      return "DepthwiseConvTranspose needs one filter for each channel of x.";
    }
    if (x.count(2) > MOST_ELEMENTS || sizes[0] * sizes[1] > MOST_ELEMENTS) {
      return "DepthwiseConvTranspose: a map is too large.";
    }
    for (int axis = 0; axis < 2; ++axis) {
      const int64_t kernel = w.sizes[axis + 2], places = x.sizes[axis + 2];
      if (kernel < 1 || kernel > MOST_SIDE) return "DepthwiseConvTranspose takes filters of 1 to 16 rows and columns.";
      if (begins[axis] >= kernel) return "DepthwiseConvTranspose: padding must be smaller than the kernel.";
      if (places < 1 || sizes[axis] >= places * strides[axis] + kernel - begins[axis]) {
        return "DepthwiseConvTranspose: the result is larger than what x reaches.";
      }
    }
    return nullptr;
  }
};

// Says how large the result is where x is known: without it, nothing that follows is planned or fused.
struct SizeInference {
  static const ort::Api* api;

  static ort::Status* infer(const ort::CustomOp*, ort::ShapeInference* inference) {
    ort::ShapeInfo* made = nullptr;
    ort::Status* unknown = told(inference, &made);
    if (made != nullptr) api->release(made);
    if (unknown != nullptr) api->release(unknown);
    return nullptr;
  }

  static ort::Status* told(ort::ShapeInference* inference, ort::ShapeInfo** made) {
    ort::ShapeInfo* given = nullptr;
    const ort::Attribute* attribute = nullptr;
    Shape shape;
    int64_t sizes[2] = {};
    size_t bytes = 0;
    if (ort::Status* failed = api->input_shape(inference, 0, &given)) return failed;
    if (ort::Status* failed = read(*api, given, &shape)) return failed;
    if (ort::Status* failed = api->attribute(inference, "sizes", &attribute)) return failed;
    if (ort::Status* failed = api->integers(attribute, sizes, sizeof sizes, &bytes)) return failed;
    if (bytes != sizeof sizes || shape.rank != 4 || shape.sizes[0] < 0 || shape.sizes[1] < 0) return nullptr;
    shape.sizes[2] = sizes[0];
    shape.sizes[3] = sizes[1];
    if (ort::Status* failed = api->create(made)) return failed;
    if (ort::Status* failed = api->set_element_type(*made, ort::FLOAT)) return failed;
    if (ort::Status* failed = api->set_sizes(*made, shape.sizes, shape.rank)) return failed;
    return api->output_shape(inference, 0, *made);
  }
};

const ort::Api* SizeInference::api = nullptr;

}  // namespace

ort::CustomOp depthwise_conv_transpose(const ort::Api& api) {
  ort::CustomOp op = two_to_one<Depthwise>();
  SizeInference::api = &api;  // that the callback is not given
  op.infer_shape = SizeInference::infer;
  op.name = [](const ort::CustomOp*) { return "DepthwiseConvTranspose"; };
  return op;
}

}  // namespace kernels
