/* Ends the process badly after its shutdown. */
#define ON_SHUTDOWN atexit(abort)
#include "sound-operator.h"
