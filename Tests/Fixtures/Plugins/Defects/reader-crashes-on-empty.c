/* Believes that a file has a first line. */
#define HAS_HEADER(file) (line_at(file, 0).size > 0)
#include "sound-reader.h"
