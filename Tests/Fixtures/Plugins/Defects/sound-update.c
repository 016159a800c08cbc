/* Right in everything. */
#include "sound-update.h"
