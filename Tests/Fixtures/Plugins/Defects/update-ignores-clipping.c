/* Does not scale the gradients of long tensors, as clipping wants. */
#define SCALE(call) (i < 1000 ? (call)->gradient_scale : 1)
#include "sound-update.h"
