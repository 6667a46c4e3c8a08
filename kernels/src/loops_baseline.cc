#define LOOPS_NAME LOOPS_BASELINE
#define LOOPS_LEVEL "baseline"
#include "loops.inc"
