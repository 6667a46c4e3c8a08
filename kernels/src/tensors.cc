#include "tensors.h"

namespace kernels {

ort::Status* read(const ort::Api& api, const ort::ShapeInfo* info, Shape* shape, ort::ElementType expected) {
  ort::ElementType type;
  if (ort::Status* failed = api.element_type(info, &type)) return failed;
  if (type != expected) return refuse(api, "A kernel of onnx-inspector-kernels was given a tensor of another type.");
  if (ort::Status* failed = api.rank(info, &shape->rank)) return failed;
  if (shape->rank > MOST_AXES) return refuse(api, "A kernel of onnx-inspector-kernels takes at most 16 axes.");
  return api.sizes(info, shape->sizes, shape->rank);
}

ort::Status* refuse(const ort::Api& api, const char* message) {
  return api.create_status(ort::INVALID_ARGUMENT, message);
}

ort::Status* read(const ort::Api& api, const ort::KernelContext* context, size_t index, ort::ElementType expected,
                  Shape* shape, void** data) {
  const ort::Value* value = nullptr;
  if (ort::Status* failed = api.input(context, index, &value)) return failed;
  if (value == nullptr) return refuse(api, "A kernel of onnx-inspector-kernels misses an input.");
  ort::ShapeInfo* info = nullptr;
  if (ort::Status* failed = api.shape_of(value, &info)) return failed;
  ort::Status* failed = read(api, info, shape, expected);
  api.release(info);
  if (failed) return failed;
  return api.data(const_cast<ort::Value*>(value), data);  // it takes no constant one, and changes none
}

ort::Status* write(const ort::Api& api, ort::KernelContext* context, const Shape& shape, void** data) {
  ort::Value* value = nullptr;
  if (ort::Status* failed = api.output(context, 0, shape.sizes, shape.rank, &value)) return failed;
  return api.data(value, data);
}

}  // namespace kernels
