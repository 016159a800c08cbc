/* Right in everything. */
#include "sound-backend.h"
