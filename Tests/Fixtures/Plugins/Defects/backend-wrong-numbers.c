/* Computes relu wrong between 0 and 0.1. */
#define RELU(x) ((x) > 0.1f || (x) != (x) ? (x) : 0)
#include "sound-backend.h"
