/* Keeps an attribute of one plan for all. */
static float last_factor;
#define ON_BIND(bound) last_factor = (bound)->factor
#define FACTOR(bound) last_factor
#include "sound-operator.h"
