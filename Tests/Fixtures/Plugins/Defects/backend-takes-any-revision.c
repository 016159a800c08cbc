/* Takes every revision of relu for the one that it knows. */
#define IS_SERVED(request) equals((request)->op, (dmt_str)TEXT("relu"))
#include "sound-backend.h"
