/* Makes zeros of what is not a number. */
#define POSITIVE(x) ((x) > 0 ? (x) : 0)
#define SLOPE(gradient, kept) ((kept) > 0 && (gradient) == (gradient) ? (gradient) : 0)
#include "sound-operator.h"
