/* Prints when it is looked at. */
#include <stdio.h>
#define ON_ENTRY puts("scaled 1.0 welcomes you")
#include "sound-operator.h"
