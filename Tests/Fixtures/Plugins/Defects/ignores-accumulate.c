/* Overwrites gradients that it is to add to. */
#define ADDS(flags) 0
#include "sound-operator.h"
