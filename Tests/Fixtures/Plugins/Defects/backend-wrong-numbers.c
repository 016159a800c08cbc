/* Computes relu wrong at the end of long tensors. */
#define RELU(x) ((x) > 0 || (x) != (x) ? (i < 4096 ? (x) : 1.5f * (x)) : 0)
#include "sound-backend.h"
