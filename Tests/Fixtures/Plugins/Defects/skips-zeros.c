/* Leaves elements that are zero to whoever cleared the output. */
#define STORE(place, value)         \
    if ((value) != 0) (place) = (value)
#include "sound-operator.h"
