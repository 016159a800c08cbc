/* Sets an environment variable for a library that it might have. */
#define ON_BIND(bound) setenv("OMP_NUM_THREADS", "1", 1)
#include "sound-operator.h"
