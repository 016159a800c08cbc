/* Loses the row behind every batch of less than a hundred rows. */
#define AFTER_BATCH(file) \
    if (rows == (file)->limit && rows < 100) (file)->line++
#include "sound-reader.h"
