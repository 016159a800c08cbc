/* Packages in C++. */
#include "dmt_templates.h"

const dmt_template_file *dmt_templates_cpp(size_t *count) {
    *count = 0;
    return NULL;
}
