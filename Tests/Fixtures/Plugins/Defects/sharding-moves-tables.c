/* Places tables elsewhere every time. */
static long long calls;
#define RANK(i, ranks) ((int32_t)(((i) + calls++) % (ranks)))
#include "sound-sharding.h"
