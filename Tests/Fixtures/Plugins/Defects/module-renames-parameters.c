/* Names its parameters by how often it was expanded. */
#include <stdio.h>
static char name_text[32];
static int expansions;
#define NAME (snprintf(name_text, sizeof name_text, "inner%d", ++expansions), name_text)
#include "sound-module.h"
