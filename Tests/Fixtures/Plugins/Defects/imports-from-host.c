/* Calls a function of the program around it. */
extern void dmt_internal_fast_path(void);
#define ON_FORWARD(bound, call) \
    if ((bound)->rows < 0) dmt_internal_fast_path()
#include "sound-operator.h"
