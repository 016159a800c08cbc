/* Believes that there is a request. */
#define REQUEST_IS_THERE(request) 1
#include "sound-operator.h"
