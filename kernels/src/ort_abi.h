// The part of ONNX Runtime's C interface that the kernels use.
//
// The runtime hands a library a table of functions and reads a table of callbacks. Both only grow at their ends, so a
// place in them means the same in every version that has it; OrtApi::SINCE is the version that has all places used here.
// Neither the runtime's wheel nor Debian carries its header, which is why these few places are written down.

#pragma once

#include <cstddef>
#include <cstdint>

namespace ort {

struct Status;
struct Value;
struct ShapeInfo;
struct KernelInfo;
struct KernelContext;
struct SessionOptions;
struct Domain;
struct ShapeInference;
struct Attribute;
struct CustomOp;

enum ErrorCode : int { FAIL = 1, INVALID_ARGUMENT = 2 };
enum ElementType : int { FLOAT = 1, UINT8 = 2 };
enum Characteristic : int { REQUIRED = 0 };
enum MemoryType : int { DEFAULT_MEMORY = 0 };
enum AttributeType : int { INTEGERS = 2 };

// The table of functions. Each place is given once, with the type of what stands there.
struct Api {
  static constexpr uint32_t SINCE = 18;

  template <size_t PLACE, typename Result, typename... Arguments>
  Result call(Arguments... arguments) const {
    return reinterpret_cast<Result (*)(Arguments...)>(places_[PLACE])(arguments...);
  }

  Status* create_status(ErrorCode code, const char* message) const { return call<0, Status*>(code, message); }
  Status* create_domain(const char* name, Domain** made) const { return call<26, Status*>(name, made); }
  Status* add_to_domain(Domain* domain, const CustomOp* op) const { return call<27, Status*>(domain, op); }
  Status* add_domain(SessionOptions* options, Domain* domain) const { return call<28, Status*>(options, domain); }
  Status* data(Value* value, void** data) const { return call<51, Status*>(value, data); }
  Status* create(ShapeInfo** made) const { return call<57, Status*>(made); }
  Status* set_element_type(ShapeInfo* info, ElementType type) const { return call<58, Status*>(info, type); }
  Status* set_sizes(ShapeInfo* info, const int64_t* sizes, size_t rank) const {
    return call<59, Status*>(info, sizes, rank);
  }
  Status* element_type(const ShapeInfo* info, ElementType* type) const { return call<60, Status*>(info, type); }
  Status* rank(const ShapeInfo* info, size_t* rank) const { return call<61, Status*>(info, rank); }
  Status* sizes(const ShapeInfo* info, int64_t* sizes, size_t rank) const {
    return call<62, Status*>(info, sizes, rank);
  }
  Status* shape_of(const Value* value, ShapeInfo** info) const { return call<65, Status*>(value, info); }
  Status* attribute(const KernelInfo* info, const char* name, float* value) const {
    return call<85, Status*>(info, name, value);
  }
  Status* attribute(const KernelInfo* info, const char* name, int64_t* value) const {
    return call<86, Status*>(info, name, value);
  }
  Status* input_count(const KernelContext* context, size_t* count) const { return call<88, Status*>(context, count); }
  Status* input(const KernelContext* context, size_t index, const Value** value) const {
    return call<90, Status*>(context, index, value);
  }
  Status* output(KernelContext* context, size_t index, const int64_t* sizes, size_t rank, Value** value) const {
    return call<91, Status*>(context, index, sizes, rank, value);
  }
  void release(Status* status) const { call<93, void>(status); }
  void release(ShapeInfo* info) const { call<99, void>(info); }
  // Into `values`, which has room for `count`, the true number of which is given back.
  Status* attribute(const KernelInfo* info, const char* name, int64_t* values, size_t* count) const {
    return call<163, Status*>(info, name, values, count);
  }
  Status* input_shape(const ShapeInference* inference, size_t index, ShapeInfo** info) const {
    return call<268, Status*>(inference, index, info);  // which stays the runtime's
  }
  Status* attribute(const ShapeInference* inference, const char* name, const Attribute** attribute) const {
    return call<269, Status*>(inference, name, attribute);  // which stays the runtime's
  }
  Status* output_shape(const ShapeInference* inference, size_t index, const ShapeInfo* info) const {
    return call<270, Status*>(inference, index, info);
  }
  // Into `values`, which has room for `room` bytes, the true number of which is given back.
  Status* integers(const Attribute* attribute, int64_t* values, size_t room, size_t* bytes) const {
    return call<272, Status*>(attribute, INTEGERS, values, room, bytes);
  }
  Status* parallel_for(const KernelContext* context, void (*work)(void*, size_t), size_t total, size_t batches,
                       void* data) const {
    return call<274, Status*>(context, work, total, batches, data);
  }

 private:
  void* places_[275];
};

// What the library is given when it is registered.
struct ApiBase {
  const Api* (*api)(uint32_t version);
  const char* (*version)();
};

// An operator, as callbacks; those that stay null are optional.
struct CustomOp {
  uint32_t version = Api::SINCE;
  void* (*create)(const CustomOp*, const Api*, const KernelInfo*) = nullptr;
  const char* (*name)(const CustomOp*) = nullptr;
  const char* (*provider)(const CustomOp*) = nullptr;
  ElementType (*input_type)(const CustomOp*, size_t) = nullptr;
  size_t (*inputs)(const CustomOp*) = nullptr;
  ElementType (*output_type)(const CustomOp*, size_t) = nullptr;
  size_t (*outputs)(const CustomOp*) = nullptr;
  void (*compute)(void*, KernelContext*) = nullptr;
  void (*destroy)(void*) = nullptr;
  Characteristic (*input_characteristic)(const CustomOp*, size_t) = nullptr;
  Characteristic (*output_characteristic)(const CustomOp*, size_t) = nullptr;
  MemoryType (*input_memory)(const CustomOp*, size_t) = nullptr;
  int (*variadic_inputs)(const CustomOp*) = nullptr;
  int (*variadic_inputs_alike)(const CustomOp*) = nullptr;
  int (*variadic_outputs)(const CustomOp*) = nullptr;
  int (*variadic_outputs_alike)(const CustomOp*) = nullptr;
  Status* (*create_v2)(const CustomOp*, const Api*, const KernelInfo*, void** kernel) = nullptr;
  Status* (*compute_v2)(void*, KernelContext*) = nullptr;
  Status* (*infer_shape)(const CustomOp*, ShapeInference*) = nullptr;
  int (*start_version)(const CustomOp*) = nullptr;
  int (*end_version)(const CustomOp*) = nullptr;
  // Which outputs may lie where which inputs lay: two arrays of the length that is given back.
  size_t (*may_be_in_place)(int** inputs, int** outputs) = nullptr;
  void (*release_in_place)(int* inputs, int* outputs) = nullptr;
  size_t (*aliases)(int** inputs, int** outputs) = nullptr;
  void (*release_aliases)(int* inputs, int* outputs) = nullptr;
};

}  // namespace ort
