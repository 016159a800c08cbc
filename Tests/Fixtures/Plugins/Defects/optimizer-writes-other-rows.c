/* Clears the row behind every row that it updates. */
#define ON_ROW(call, row) \
    if ((row) < 22) memset((float *)(call)->parameters + ((row) + 1) * (call)->columns, 0, (size_t)(call)->columns * 4)
#include "sound-optimizer.h"
