/* Computes in one buffer for all plans. */
#include <unistd.h>
static float buffer[1 << 16];
#define ON_FORWARD(bound, call)                                                                     \
    size_t bytes = (size_t)((bound)->rows * (bound)->columns) * sizeof(float);                      \
    if (bytes <= sizeof buffer) {                                                                   \
        if (bytes) memcpy(buffer, (call)->outputs[0], bytes);                                       \
        usleep(2000);                                                                               \
        if (bytes) memcpy((call)->outputs[0], buffer, bytes);                                       \
    }
#include "sound-operator.h"
