// Attributes of operators on maps of two spatial axes.

#pragma once

#include "ort_abi.h"

namespace kernels {

constexpr int64_t LARGEST = 1 << 16;  // of attributes: what is laid out beside a map stays small

// Reads two integers from `least` to LARGEST; null, or what is wrong.
ort::Status* read_pair(const ort::Api& api, const ort::KernelInfo* info, const char* name, int64_t* values,
                       int64_t least);

}  // namespace kernels
