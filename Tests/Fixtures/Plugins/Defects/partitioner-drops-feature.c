/* Leaves the last of many features out. */
#define TOWER(i, request) ((i) == 32 ? -1 : (int32_t)((i) * (request)->tower_count / (request)->feature_count))
#include "sound-partitioner.h"
