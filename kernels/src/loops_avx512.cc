#define LOOPS_NAME LOOPS_AVX512
#define LOOPS_LEVEL "avx512"
#include "loops.inc"
