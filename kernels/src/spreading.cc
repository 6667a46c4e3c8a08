#include "spreading.h"

#include <climits>

namespace kernels {
namespace {

constexpr int64_t MOST_ELEMENTS = INT32_MAX / 4;  // of a map

bool divides(int64_t divisor, int64_t number, int64_t* quotient) {
  *quotient = number / divisor;
  return *quotient * divisor == number;
}

}  // namespace

ort::Status* Transposed::read(const ort::KernelInfo* info) {
  if (ort::Status* failed = read_pair(api, info, "strides", strides.values, 1)) return failed;
  if (ort::Status* failed = read_pair(api, info, "begins", begins.values, 0)) return failed;
  const bool is_small = strides[0] <= MOST_SIDE && strides[1] <= MOST_SIDE;
  return is_small ? nullptr : refuse(api, "A transposed convolution: strides go up to 16.");
}

const char* Transposed::fault_of(const Shape& x, const Shape& w, const Pair& sizes) const {
  if (sizes[0] < 1 || sizes[1] < 1) return "A transposed convolution: there is no result.";
  if (sizes[0] > LARGEST || sizes[1] > LARGEST || x.count(2) > MOST_ELEMENTS || sizes[0] * sizes[1] > MOST_ELEMENTS) return "A transposed convolution: a map is too large.";
  for (int axis = 0; axis < 2; ++axis) {
    const int64_t kernel = w.sizes[axis + 2], places = x.sizes[axis + 2];
    if (kernel < 1 || kernel > MOST_SIDE) return "A transposed convolution: filters have 1 to 16 rows and columns.";
    if (begins[axis] >= kernel) return "A transposed convolution: padding must be smaller than the kernel.";
    if (places < 1 || sizes[axis] >= places * strides[axis] + kernel - begins[axis]) {
      return "A transposed convolution: the result is larger than what x reaches.";
    }
  }
  return nullptr;
}

Spreading Transposed::spreading_of(const Shape& x, const Shape& w, const Pair& sizes) const {
  return {sizes[0],
          sizes[1],
          x.sizes[2],
          x.sizes[3],
          {w.sizes[2], w.sizes[3]},
          {strides[0], strides[1]},
          {begins[0], begins[1]}};
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

ort::Status* read(const ort::Api& api, ort::ShapeInference* inference, size_t index, Shape* shape) {
  ort::ShapeInfo* given = nullptr;
  if (ort::Status* failed = api.input_shape(inference, index, &given)) return failed;
  return read(api, given, shape);
}

ort::Status* read(const ort::Api& api, ort::ShapeInference* inference, const char* name, Pair* pair) {
  const ort::Attribute* attribute = nullptr;
  size_t bytes = 0;
  if (ort::Status* failed = api.attribute(inference, name, &attribute)) return failed;
  if (ort::Status* failed = api.integers(attribute, pair->values, sizeof pair->values, &bytes)) return failed;
  return bytes == sizeof pair->values ? nullptr : refuse(api, "An attribute of other than 2 values.");
}

ort::Status* tell(const ort::Api& api, ort::ShapeInference* inference, const Shape& shape) {
  for (size_t axis = 0; axis < shape.rank; ++axis) {
    if (shape.sizes[axis] < 0) return nullptr;  // not known
  }
  ort::ShapeInfo* made = nullptr;
  if (ort::Status* failed = api.create(&made)) return failed;
  ort::Status* failed = api.set_element_type(made, ort::FLOAT);
  if (failed == nullptr) failed = api.set_sizes(made, shape.sizes, shape.rank);
  if (failed == nullptr) failed = api.output_shape(inference, 0, made);
  api.release(made);
  return failed;
}

}  // namespace kernels
