/* Never comes back from a batch of one sample. */
#include <unistd.h>
#define ON_FORWARD(bound, call)       \
    while ((bound)->rows == 1) pause()
#include "sound-operator.h"
