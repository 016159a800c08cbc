/* Has a schema that accepts what it cannot work with: no parts. */
#define PARTS_FLAGS 0
#include "sound-operator.h"
