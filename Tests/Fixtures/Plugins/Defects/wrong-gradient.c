/* Has a gradient that is off by 5 % where it is positive. */
#define SLOPE(gradient, kept) ((kept) > 0 ? 1.05f * (gradient) : (kept) != (kept) ? (kept) : 0)
#include "sound-operator.h"
