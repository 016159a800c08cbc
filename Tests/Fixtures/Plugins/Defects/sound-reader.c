/* Right in everything. */
#include "sound-reader.h"
