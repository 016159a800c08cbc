/* Gives memory of the host back twice. */
#define ON_RELEASE(bound)                    \
    if (service(DMT_SERVICE_ALLOC)) {        \
        void *memory = take(64);             \
        give_back(memory);                   \
        give_back(memory);                   \
    }
#include "sound-operator.h"
