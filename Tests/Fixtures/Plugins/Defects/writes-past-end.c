/* Writes one element past the end of its output. */
#define ON_FORWARD(bound, call) ((float *)(call)->outputs[0])[(bound)->rows * (bound)->columns] = 0
#include "sound-operator.h"
