/* Exports a second symbol. */
#include "sound-operator.h"
DMT_EXPORT int scaled_version = 1;
