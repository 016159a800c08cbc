/* Right in everything. */
#include "sound-optimizer.h"
