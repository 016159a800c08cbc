/* Does not ask whether the host has a service. */
#define PARALLEL() service(DMT_SERVICE_PARALLEL); parallel->max_threads(parallel->ctx)
#include "sound-operator.h"
