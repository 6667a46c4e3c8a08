// The operators of the domain.

#pragma once

#include "ort_abi.h"

namespace kernels {

constexpr const char* DOMAIN_NAME = "inspector.kernels";

// All are float32, with two inputs and one output; but marks are bytes, what is marked is the only input, and what is gated
// has four.
ort::CustomOp relu_grad(const ort::Api& api);
ort::CustomOp clip_grad(const ort::Api& api);
ort::CustomOp silu_grad(const ort::Api& api);
ort::CustomOp gated_silu_grad(const ort::Api& api);
ort::CustomOp channel_sums();
ort::CustomOp gelu_grad(const ort::Api& api);
ort::CustomOp tanh_gelu_grad(const ort::Api& api);
ort::CustomOp hard_swish_grad(const ort::Api& api);
ort::CustomOp inside();
ort::CustomOp mask_grad(const ort::Api& api);
ort::CustomOp max_pool_grad();
ort::CustomOp depthwise_conv_transpose(const ort::Api& api);
ort::CustomOp dense_conv_transpose(const ort::Api& api);

// What all of them have in common; `Kernel` has read(info), which reads the attributes, and run(context).
template <typename Kernel>
ort::CustomOp two_to_one() {
  ort::CustomOp op;
  op.provider = [](const ort::CustomOp*) -> const char* { return nullptr; };  // the CPU
  op.inputs = [](const ort::CustomOp*) { return size_t{2}; };
  op.outputs = [](const ort::CustomOp*) { return size_t{1}; };
  op.input_type = [](const ort::CustomOp*, size_t) { return ort::FLOAT; };
  op.output_type = [](const ort::CustomOp*, size_t) { return ort::FLOAT; };
  op.input_characteristic = [](const ort::CustomOp*, size_t) { return ort::REQUIRED; };
  op.output_characteristic = [](const ort::CustomOp*, size_t) { return ort::REQUIRED; };
  op.input_memory = [](const ort::CustomOp*, size_t) { return ort::DEFAULT_MEMORY; };
  op.create_v2 = [](const ort::CustomOp*, const ort::Api* api, const ort::KernelInfo* info, void** made) {
    Kernel kernel{*api};
    if (ort::Status* failed = kernel.read(info)) return failed;
    *made = new Kernel(kernel);
    return static_cast<ort::Status*>(nullptr);
  };
  op.compute_v2 = [](void* kernel, ort::KernelContext* context) {
    return static_cast<const Kernel*>(kernel)->run(context);
  };
  op.destroy = [](void* kernel) { delete static_cast<Kernel*>(kernel); };
  return op;
}

}  // namespace kernels
