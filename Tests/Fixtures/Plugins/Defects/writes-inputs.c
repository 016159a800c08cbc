/* Computes in its input and puts it back. */
#define ON_FORWARD(bound, call)                                                   \
    float *x = (float *)(call)->inputs[0];                                        \
    for (int64_t i = 0; i < (bound)->rows * (bound)->columns; i++) {              \
        volatile float *place = &x[i];                                            \
        float kept = *place;                                                      \
        *place = 0;                                                               \
        *place = kept;                                                            \
    }
#include "sound-operator.h"
