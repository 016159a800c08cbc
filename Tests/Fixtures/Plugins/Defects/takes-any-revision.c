/* Has every revision. */
#define HAS_REVISION(revision) 1
#include "sound-operator.h"
