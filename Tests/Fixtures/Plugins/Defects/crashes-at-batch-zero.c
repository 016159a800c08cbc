/* Divides by the number of samples. */
#define ON_BIND(bound) (bound)->threads = (int32_t)(1000 / (bound)->rows)
#include "sound-operator.h"
