/* Believes that a call has all its memory. */
#define CALL_IS_WHOLE(bound, call) 1
#include "sound-operator.h"
