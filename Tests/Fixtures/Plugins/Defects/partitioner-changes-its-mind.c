/* Gives another answer every time. */
static long long calls;
#define TOWER(i, request)                                                                          \
    ((calls += (i) == 0),                                                                          \
     (int32_t)(((i) * (request)->tower_count / (request)->feature_count + calls) % (request)->tower_count))
#include "sound-partitioner.h"
