/* Has other initial values every time it is expanded. */
static int expansions;
#define DEVIATION (0.01 * ++expansions)
#include "sound-module.h"
