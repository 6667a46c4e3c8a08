// What ONNX Runtime calls when the library is registered on a session's options.

#include "loops.h"
#include "operators.h"

namespace {

// Made once, and never unmade: sessions keep it. Null where the runtime made none, with what it said.
struct Domain {
  ort::Domain* domain = nullptr;
  ort::Status* failed = nullptr;

  explicit Domain(const ort::Api& api) {
    static const ort::CustomOp operators[] = {
        kernels::relu_grad(api),      kernels::clip_grad(api),       kernels::inside(),
        kernels::mask_grad(api),      kernels::silu_grad(api),       kernels::gelu_grad(api),
        kernels::tanh_gelu_grad(api), kernels::hard_swish_grad(api), kernels::max_pool_grad(),
        kernels::depthwise_conv_transpose(api), kernels::dense_conv_transpose(api), kernels::gated_silu_grad(api),
        kernels::channel_sums()};
    failed = api.create_domain(kernels::DOMAIN_NAME, &domain);
    for (const ort::CustomOp& op : operators) {
      if (failed == nullptr) failed = api.add_to_domain(domain, &op);
    }
  }
};

}  // namespace

extern "C" __attribute__((visibility("default"))) ort::Status* RegisterCustomOps(ort::SessionOptions* options,
                                                                                 const ort::ApiBase* base) {
  const ort::Api* api = base->api(ort::Api::SINCE);
  // A runtime that is too old has no table of that version, and so no way to say what went wrong but of the first.
  if (api == nullptr) {
    return base->api(1)->create_status(ort::FAIL, "onnx-inspector-kernels needs ONNX Runtime 1.18 or newer.");
  }
  static const Domain made(*api);
  if (made.failed != nullptr) return api->create_status(ort::FAIL, "The domain inspector.kernels could not be made.");
  return api->add_domain(options, made.domain);
}

// The instruction set whose loops run: "baseline", "avx2" or "avx512".
extern "C" __attribute__((visibility("default"))) const char* InspectorKernelsLevel() {
  return kernels::loops().name;
}
