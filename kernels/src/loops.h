// The loops, once for every instruction set: plain C++ that the compiler turns into vectors.

#pragma once

#include <cstddef>
#include <cstdint>

namespace kernels {

// One image's channel of a two-dimensional max-pooling: x (height, width) -> y (rows, columns).
struct Pooling {
  int64_t height, width, rows, columns;
  int64_t kernel[2], strides[2], begins[2];
  // Only a maximum above it gets a gradient: -inf for all, 0 where a rectifier made x.
  float above;

  int64_t padded_width() const {
    const int64_t read = (columns - 1) * strides[1] + kernel[1], given = begins[1] + width;
    return read > given ? read : given;
  }
  int64_t phase_width() const { return (padded_width() + strides[1] - 1) / strides[1]; }
  // Of `scratch`, in numbers of 4 bytes: values and places of columns, the same by phase, and of windows.
  int64_t scratch_size() const {
    return 2 * padded_width() + 2 * strides[1] * phase_width() + 2 * columns;
  }
};

// One image's channel of a depthwise transposed convolution: x (rows, columns) -> y (height, width), where y at
// u * stride + i - begin takes w[i] * x[u].
struct Spreading {
  static constexpr int64_t MOST_TAPS = 256, SLACK = 64;

  int64_t height, width, rows, columns;
  int64_t kernel[2], strides[2], begins[2];

  // Zeros before x: what the last tap reads at the first place.
  int64_t before(int axis) const {
    const int64_t reach = kernel[axis] - 1 - begins[axis];
    return reach > 0 ? reach / strides[axis] : 0;
  }
  // Places of a phase along an axis, as many as the longest has.
  int64_t of_phase(int axis) const {
    return ((axis == 0 ? height : width) + strides[axis] - 1) / strides[axis];
  }
  // Of x and the zeros around it along an axis: as far as the first tap reads at the last place of any phase.
  int64_t padded(int axis) const {
    const int64_t given = axis == 0 ? rows : columns;
    const int64_t read = (of_phase(axis) * strides[axis] - 1 + begins[axis]) / strides[axis] + 1;
    return before(axis) + (read > given ? read : given);
  }
  int64_t padded_width() const { return padded(1); }
  int64_t padded_size() const { return padded(0) * padded_width() + SLACK; }
  // Rows of all phases that are computed before they are put in their places, so that they stay in the nearest cache.
  int64_t lines_at_once() const {
    const int64_t lines = 1024 / padded_width();
    return lines < 1 ? 1 : lines;
  }
  int64_t phase_room() const { return lines_at_once() * padded_width() + SLACK; }
  // Of `scratch`, in numbers.
  int64_t scratch_size() const { return padded_size() + strides[0] * strides[1] * phase_room(); }
  // Rows or columns from the first that a phase reads for a place to the last.
  int64_t reach(int axis) const { return before(axis) + (begins[axis] + strides[axis] - 1) / strides[axis]; }
};

// One image of a transposed convolution that sums over channels: x (given, rows, columns) -> y (made, height, width), each
// channel of which is the sum of what Spreading says over those of x; in bands of so many rows of every phase.
struct Mixing {
  static constexpr int64_t AT_ONCE = 4;  // channels of y for which x is read once

  Spreading map;
  int64_t given, made, lines;
  // Of the products of each phase, the taps of all channels of x, among those of all phases.
  int64_t ends[Spreading::MOST_TAPS];

  int64_t phases() const { return map.strides[0] * map.strides[1]; }
  int64_t at_once(int64_t channel) const { return made - channel < AT_ONCE ? made - channel : AT_ONCE; }
  int64_t band_rows() const { return lines + map.reach(0); }
  // Of a channel of x, with the zeros beside it.
  int64_t band_size() const { return band_rows() * map.padded_width(); }
  int64_t phase_room() const { return lines * map.padded_width() + Spreading::SLACK; }
  // Of `scratch`, in numbers.
  int64_t scratch_size() const { return given * band_size() + Spreading::SLACK + phases() * AT_ONCE * phase_room(); }
};

// The taps of a filter, phase by phase: where in the filter each stands, and what it reads from a place of the phase on.
struct Taps {
  int64_t places[Spreading::MOST_TAPS], steps[Spreading::MOST_TAPS];
  int64_t ends[Spreading::MOST_TAPS];

  int64_t first(int64_t phase) const { return phase == 0 ? 0 : ends[phase - 1]; }
};

struct Loops {
  const char* name;
  // o[i] = g[i] where low < y[i] < high, else 0. `o` may be `g`.
  void (*between)(const float* g, const float* y, float* o, int64_t count, float low, float high);
  // o[i] = g[i] where y[i] > low, else 0. `o` may be `g`.
  void (*above)(const float* g, const float* y, float* o, int64_t count, float low);
  // o[i] = 1 where low < y[i] < high, else 0.
  void (*mark)(const float* y, uint8_t* o, int64_t count, float low, float high);
  // o[i] = g[i] where m[i], else 0. `o` may be `g`.
  void (*pass)(const float* g, const uint8_t* m, float* o, int64_t count);
  // o[i] = g[i] * s * (1 + a * x[i] * (1 - s)), s = 1 / (1 + exp(-a * x[i])). `o` may be `g`.
  void (*silu)(const float* g, const float* x, float* o, int64_t count, float alpha);
  // The same of g[i] * gate + share. `o` may be `g`.
  void (*gated_silu)(const float* g, const float* x, float* o, int64_t count, float alpha, float gate, float share);
  // The sum of g[i] * x[i].
  float (*product)(const float* g, const float* x, int64_t count);
  // o[i] = g[i] * (c + x[i] * c'), c the normal distribution at x[i]. `o` may be `g`.
  void (*gelu)(const float* g, const float* x, float* o, int64_t count);
  // The same with c = (1 + tanh(sqrt(2 / pi) * (x[i] + 0.044715 * x[i]^3))) / 2.
  void (*tanh_gelu)(const float* g, const float* x, float* o, int64_t count);
  // o[i] = g[i] * (x[i] / 3 + 1 / 2) where |x[i]| < 3; above it g[i], below it 0. `o` may be `g`.
  void (*hard_swish)(const float* g, const float* x, float* o, int64_t count);
  // gx[first maximum of each window, row by row] += gy[window]; a window of NaN and -inf alone has none.
  void (*pool)(const Pooling& pooling, const float* x, const float* gy, float* gx, void* scratch);
  // y of one channel, by its filter w (kernel); in `scratch`, padded_size() numbers were zeros before the first channel of
  // this shape.
  void (*spread)(const Spreading& spreading, const Taps& taps, const float* x, const float* w, float* y, float* scratch);
  // Rows of y, all channels: those of the phases' rows `line`...`line` + lines - 1, by the steps and weights of the products.
  void (*mix)(const Mixing& mixing, const int64_t* steps, const float* x, const float* weights, float* y, int64_t line,
              float* scratch);
};

// The best that this processor has, and that INSPECTOR_KERNELS_LEVEL (baseline, avx2, avx512) admits.
const Loops& loops();

extern const Loops LOOPS_BASELINE;
#ifdef KERNELS_X86
extern const Loops LOOPS_AVX2;
extern const Loops LOOPS_AVX512;
#endif

}  // namespace kernels
