/* Right in everything. */
#include "sound-module.h"
