/* Gives memory back at shutdown that was never its own. */
#define ON_SHUTDOWN abort()
#include "sound-operator.h"
