/* Leaves the last column of wide tables on no rank. */
#define LAST_COLUMN(table) ((table)->dim - ((table)->dim > 8))
#include "sound-sharding.h"
