// Tensors of a run, with everything checked that the runtime does not check.

#pragma once

#include <atomic>
#include <new>

#include "ort_abi.h"

namespace kernels {

constexpr size_t MOST_AXES = 16;

struct Shape {
  size_t rank = 0;
  int64_t sizes[MOST_AXES] = {};

  // How many elements it has, from an axis on.
  int64_t count(size_t first = 0) const {
    int64_t product = 1;
    for (size_t axis = first; axis < rank; ++axis) product *= sizes[axis];
    return product;
  }
};

template <typename Number>
struct TensorOf {
  Shape shape;
  const Number* data = nullptr;
};

using Tensor = TensorOf<float>;
using Marks = TensorOf<uint8_t>;

template <typename Number>
inline constexpr ort::ElementType TYPE_OF = ort::FLOAT;
template <>
inline constexpr ort::ElementType TYPE_OF<uint8_t> = ort::UINT8;

// Each gives null, or what went wrong.
// A size that is not known is -1.
ort::Status* read(const ort::Api& api, const ort::ShapeInfo* info, Shape* shape, ort::ElementType expected = ort::FLOAT);
ort::Status* read(const ort::Api& api, const ort::KernelContext* context, size_t index, ort::ElementType expected,
                  Shape* shape, void** data);
ort::Status* write(const ort::Api& api, ort::KernelContext* context, const Shape& shape, void** data);
ort::Status* refuse(const ort::Api& api, const char* message);

template <typename Number>
ort::Status* read(const ort::Api& api, const ort::KernelContext* context, size_t index, TensorOf<Number>* tensor) {
  void* data = nullptr;
  ort::Status* failed = read(api, context, index, TYPE_OF<Number>, &tensor->shape, &data);
  tensor->data = static_cast<const Number*>(data);
  return failed;
}

template <typename Number>
ort::Status* write(const ort::Api& api, ort::KernelContext* context, const Shape& shape, Number** data) {
  void* place = nullptr;
  ort::Status* failed = write(api, context, shape, &place);
  *data = static_cast<Number*>(place);
  return failed;
}

// Runs work(begin, end) over 0…total - 1 on the threads of the session, in parts of about `grain`.
template <typename Work>
ort::Status* in_parallel(const ort::Api& api, const ort::KernelContext* context, int64_t total, int64_t grain,
                         const Work& work) {
  if (total <= 0) return nullptr;
  if (total <= grain) {
    work(int64_t{0}, total);
    return nullptr;
  }
  struct Part {
    const Work& work;
    int64_t total, grain;
  } part{work, total, grain};
  const auto one = [](void* data, size_t index) {
    const Part& p = *static_cast<const Part*>(data);
    const int64_t begin = static_cast<int64_t>(index) * p.grain, end = begin + p.grain;
    p.work(begin, end < p.total ? end : p.total);
  };
  const int64_t parts = (total + grain - 1) / grain;
  return api.parallel_for(context, +one, static_cast<size_t>(parts), 0, &part);
}

// The same with work(begin, end, scratch): every part has so many numbers beside it, which nobody has set.
template <typename Work>
ort::Status* in_parallel_beside(const ort::Api& api, const ort::KernelContext* context, int64_t total, int64_t grain,
                                int64_t scratch_size, const Work& work) {
  std::atomic<bool> is_short_of_memory{false};
  ort::Status* failed = in_parallel(api, context, total, grain, [&](int64_t begin, int64_t end) {
    float* scratch = new (std::nothrow) float[static_cast<size_t>(scratch_size)];
    if (scratch == nullptr) {
      is_short_of_memory = true;
      return;
    }
    work(begin, end, scratch);
    delete[] scratch;
  });
  if (failed == nullptr && is_short_of_memory) {
    return api.create_status(ort::FAIL, "A kernel of onnx-inspector-kernels: out of memory.");
  }
  return failed;
}

// Below so many numbers a task is not worth a thread's waking.
constexpr int64_t GRAIN = 1 << 15;

}  // namespace kernels
