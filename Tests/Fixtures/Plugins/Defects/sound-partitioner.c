/* Right in everything. */
#include "sound-partitioner.h"
