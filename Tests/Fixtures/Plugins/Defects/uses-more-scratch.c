/* Uses more scratch than it asks for. */
#define SCRATCH_BYTES(columns) (((columns)-1) * (int64_t)sizeof(float))
#include "sound-operator.h"
