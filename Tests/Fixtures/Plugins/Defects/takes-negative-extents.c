/* Takes extents as they come. */
#define ELEMENTS(tensor)                                                                                        \
    (elements_of(tensor) < 0 && (tensor)->ndim > 0 && (tensor)->ndim <= 2 && (tensor)->shape && !(tensor)->strides \
         ? 0                                                                                                    \
         : elements_of(tensor))
#include "sound-operator.h"
