/* Takes any element type for float32. */
#define IS_FLOAT(type) 1
#include "sound-operator.h"
