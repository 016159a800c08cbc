/* Does not multiply gradients by the scale that clips them. */
#define SCALE(call) 1
#include "sound-update.h"
