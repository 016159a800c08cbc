/* Takes every operator for the one that it knows. */
#define IS_SERVED(request) ((request)->op.data != NULL)
#include "sound-backend.h"
