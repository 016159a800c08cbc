/* Leaves the rows that its threads do not divide. */
#define ROWS(bound) ((bound)->rows / (bound)->threads * (bound)->threads)
#include "sound-operator.h"
