/* Does not scale the gradients of rows, as clipping wants. */
#define GRADIENT(call, index) ((double)((const float *)(call)->gradients)[index])
#include "sound-optimizer.h"
