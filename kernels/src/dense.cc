// DenseConvTranspose: x (N, M, rows, columns), w (M, C, kernel) -> y (N, C, height, width), as ConvTranspose of one group:
// y[c, u * stride + i - begin] += w[m, c, i] * x[m, u].
//
// Attributes: strides, begins and ends (pads at top and left, and at bottom and right less what is padded to the result).

#include <algorithm>
#include <memory>

#include "spreading.h"

namespace kernels {
namespace {

constexpr int64_t MOST_BANDS = 8;                // of an image: enough for the threads that a small machine has
constexpr int64_t LEAST_PRODUCTS = 1 << 21;      // of a part: below so many a thread's waking is not worth it
constexpr int64_t NEAR = 1 << 17;                // numbers that the cache of a core holds: a band, and what it becomes
constexpr int64_t MOST_CHANNELS = LARGEST;

// What every product reads of a band, and its weight for each channel of y: by phases, channels of x, taps. Weights are laid
// so for as many channels at a time as are computed at once.
void lay(Mixing* mixing, const float* w, int64_t* steps, float* weights) {
  const Mixing& p = *mixing;
  const Taps taps = taps_of(p.map);
  const int64_t filter = p.map.kernel[0] * p.map.kernel[1];
  int64_t product = 0;
  for (int64_t phase = 0; phase < p.phases(); ++phase) {
    for (int64_t m = 0; m < p.given; ++m) {
      for (int64_t tap = taps.first(phase); tap < taps.ends[phase]; ++tap, ++product) {
        steps[product] = m * p.band_size() + taps.steps[tap];
        for (int64_t c = 0; c < p.made; ++c) {
          const int64_t block = c / Mixing::AT_ONCE * Mixing::AT_ONCE, many = p.at_once(block);
          weights[block * p.given * filter + product * many + c - block] = w[(m * p.made + c) * filter + taps.places[tap]];
        }
      }
    }
    mixing->ends[phase] = product;
  }
}

int64_t products_of_line(const Mixing& p) {
  return p.given * p.made * p.map.kernel[0] * p.map.kernel[1] * p.map.of_phase(1);
}

// Rows of a phase in a band: as many as stay near, but not so many that threads have nothing to do.
int64_t lines_of(const Mixing& p) {
  const int64_t all = p.map.of_phase(0), wide = p.map.padded_width();
  const int64_t near = NEAR / wide - p.given * p.map.reach(0), line = p.given + p.phases() * Mixing::AT_ONCE;
  const int64_t worth = std::max((all + MOST_BANDS - 1) / MOST_BANDS, LEAST_PRODUCTS / products_of_line(p) + 1);
  const int64_t most = std::clamp(near / line, int64_t{1}, std::min(worth, all));
  const int64_t bands = (all + most - 1) / most;
  return (all + bands - 1) / bands;
}

// Of the result along an axis; -1 where one of the numbers is out of range, or not known.
int64_t size_of(int64_t places, int64_t kernel, int64_t stride, int64_t begin, int64_t end) {
  if (places < 1 || places > LARGEST || kernel < 1 || kernel > MOST_SIDE || stride < 1 || stride > MOST_SIDE) return -1;
  if (begin < 0 || begin > LARGEST || end < -MOST_SIDE || end > LARGEST) return -1;
  return (places - 1) * stride + kernel - begin - end;
}

struct Dense : Transposed {
  Pair ends{};

  ort::Status* read(const ort::KernelInfo* info) {
    if (ort::Status* failed = Transposed::read(info)) return failed;
    return read_pair(api, info, "ends", ends.values, 1 - MOST_SIDE);
  }

  ort::Status* run(ort::KernelContext* context) const {
    Tensor x, w;
    if (ort::Status* failed = kernels::read(api, context, 0, &x)) return failed;
    if (ort::Status* failed = kernels::read(api, context, 1, &w)) return failed;
    if (x.shape.rank != 4 || w.shape.rank != 4) {
      return refuse(api, "DenseConvTranspose takes maps and filters of 4 axes.");
    }
    if (w.shape.sizes[0] != x.shape.sizes[1]) return refuse(api, "DenseConvTranspose needs filters for each channel of x.");
    if (w.shape.sizes[0] < 1 || w.shape.sizes[1] < 1) return refuse(api, "DenseConvTranspose needs a channel.");
    if (w.shape.sizes[0] > MOST_CHANNELS || w.shape.sizes[1] > MOST_CHANNELS) {
      return refuse(api, "DenseConvTranspose: there are too many channels.");
    }
    Pair sizes;
    for (int axis = 0; axis < 2; ++axis) {
      sizes.values[axis] =
          size_of(x.shape.sizes[axis + 2], w.shape.sizes[axis + 2], strides[axis], begins[axis], ends[axis]);
    }
    if (const char* fault = fault_of(x.shape, w.shape, sizes)) return refuse(api, fault);
    Shape shape = x.shape;
    shape.sizes[1] = w.shape.sizes[1];
    shape.sizes[2] = sizes[0];
    shape.sizes[3] = sizes[1];
    float* y = nullptr;
    if (ort::Status* failed = write(api, context, shape, &y)) return failed;
    const int64_t images = shape.sizes[0];
    if (images == 0) return nullptr;
    Mixing mixing = {spreading_of(x.shape, w.shape, sizes), w.shape.sizes[0], w.shape.sizes[1], 1, {}};
    mixing.lines = lines_of(mixing);
    const size_t products = static_cast<size_t>(mixing.given * w.shape.count(2));
    const std::unique_ptr<int64_t[]> steps(new (std::nothrow) int64_t[products]);
    const std::unique_ptr<float[]> weights(new (std::nothrow) float[static_cast<size_t>(w.shape.count())]);
    if (steps == nullptr || weights == nullptr) return api.create_status(ort::FAIL, "DenseConvTranspose: out of memory.");
    lay(&mixing, w.data, steps.get(), weights.get());
    const int64_t bands = (mixing.map.of_phase(0) + mixing.lines - 1) / mixing.lines;
    const int64_t given = x.shape.count(1), made = shape.count(1);
    const int64_t grain = std::max(LEAST_PRODUCTS / (products_of_line(mixing) * mixing.lines), int64_t{1});
    const auto mix = [&](int64_t begin, int64_t end, float* scratch) {
      for (int64_t band = begin; band < end; ++band) {
        const int64_t image = band / bands, line = band % bands * mixing.lines;
        loops().mix(mixing, steps.get(), x.data + image * given, weights.get(), y + image * made, line, scratch);
      }
    };
    return in_parallel_beside(api, context, images * bands, grain, mixing.scratch_size(), mix);
  }
};

const ort::Api* used = nullptr;  // which the callback is not given

ort::Status* infer(ort::ShapeInference* inference) {
  Shape shape, w;
  Pair strides, begins, ends;
  if (ort::Status* unknown = read(*used, inference, 0, &shape)) return unknown;
  if (ort::Status* unknown = read(*used, inference, 1, &w)) return unknown;
  if (ort::Status* unknown = read(*used, inference, "strides", &strides)) return unknown;
  if (ort::Status* unknown = read(*used, inference, "begins", &begins)) return unknown;
  if (ort::Status* unknown = read(*used, inference, "ends", &ends)) return unknown;
  if (shape.rank != 4 || w.rank != 4) return nullptr;
  shape.sizes[1] = w.sizes[1];
  for (int axis = 0; axis < 2; ++axis) {
    int64_t& size = shape.sizes[axis + 2];
    size = size_of(size, w.sizes[axis + 2], strides[axis], begins[axis], ends[axis]);
  }
  return tell(*used, inference, shape);
}

}  // namespace

ort::CustomOp dense_conv_transpose(const ort::Api& api) {
  ort::CustomOp op = two_to_one<Dense>();
  used = &api;
  op.infer_shape = [](const ort::CustomOp*, ort::ShapeInference* inference) {
    if (ort::Status* unknown = infer(inference)) used->release(unknown);
    return static_cast<ort::Status*>(nullptr);
  };
  op.name = [](const ort::CustomOp*) { return "DenseConvTranspose"; };
  return op;
}

}  // namespace kernels
