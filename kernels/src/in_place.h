// What an operator says that gives as many numbers as its first input has, and may write them there.

#pragma once

#include "broadcast.h"
#include "operators.h"
#include "tensors.h"

namespace kernels {

inline size_t first_in_place(int** inputs, int** outputs) {
  static int zero = 0;
  *inputs = *outputs = &zero;
  return 1;
}

inline void keep(int*, int*) {}

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

}  // namespace kernels
