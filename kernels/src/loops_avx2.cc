#define LOOPS_NAME LOOPS_AVX2
#define LOOPS_LEVEL "avx2"
#include "loops.inc"
