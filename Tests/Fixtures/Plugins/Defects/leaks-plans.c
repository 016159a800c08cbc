/* Leaves memory behind with every plan. */
#define ON_BIND(bound) (bound)->extra = malloc(100)
#include "sound-operator.h"
