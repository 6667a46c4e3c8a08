// Which loops this processor can run.

#include <cstdlib>
#include <cstring>

#include "loops.h"

namespace kernels {
namespace {

Loops choose() {
#ifdef KERNELS_X86
  const char* most = std::getenv("INSPECTOR_KERNELS_LEVEL");
  const bool only_baseline = most != nullptr && std::strcmp(most, LOOPS_BASELINE.name) == 0;
  const bool at_most_avx2 = most != nullptr && std::strcmp(most, LOOPS_AVX2.name) == 0;
  __builtin_cpu_init();
  if (only_baseline) return LOOPS_BASELINE;
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (has_avx512 && !at_most_avx2) {
    Loops mixed = LOOPS_AVX512;
    mixed.pool = LOOPS_AVX2.pool;  // by a quarter faster, since maps are seldom wide
    return mixed;
  }
  if (has_avx2) return LOOPS_AVX2;
#endif
  return LOOPS_BASELINE;
}

}  // namespace

const Loops& loops() {
  static const Loops chosen = choose();
  return chosen;
}

}  // namespace kernels
