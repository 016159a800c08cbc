/* Right in everything. */
#include "sound-operator.h"
