#include "attributes.h"

#include "tensors.h"

namespace kernels {

ort::Status* read_pair(const ort::Api& api, const ort::KernelInfo* info, const char* name, int64_t* values,
                       int64_t least) {
  size_t given = 0;  // asked for with no room, the runtime says how many there are
  if (ort::Status* unanswered = api.attribute(info, name, static_cast<int64_t*>(nullptr), &given)) {
    api.release(unanswered);
  }
  if (given != 2) return refuse(api, "An operator on maps needs each of its attributes, of 2 values.");
  if (ort::Status* failed = api.attribute(info, name, values, &given)) return failed;
  for (size_t i = 0; i < given; ++i) {
    if (values[i] < least || values[i] > LARGEST) return refuse(api, "An attribute of an operator on maps is out of range.");
  }
  return nullptr;
}

}  // namespace kernels
