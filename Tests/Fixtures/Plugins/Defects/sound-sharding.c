/* Right in everything. */
#include "sound-sharding.h"
