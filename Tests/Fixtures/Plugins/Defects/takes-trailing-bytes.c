/* Compares the beginnings of ids. */
#define HAS_ID(id, known) ((id).size >= (known).size && memcmp((id).data, (known).data, (size_t)(known).size) == 0)
#include "sound-operator.h"
