/* Packages in C. */
#include "dmt_templates.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char makefile[] = {
#embed "../../Templates/plugin/c/Makefile"
};
static const unsigned char header[] = {
#embed "../../Templates/plugin/c/plugin.h"
};
static const unsigned char plugin[] = {
#embed "../../Templates/plugin/c/plugin.c"
};
static const unsigned char operator_source[] = {
#embed "../../Templates/plugin/c/operator.c"
};

#define FILE(path, bytes) {"c", NULL, path, bytes, sizeof bytes}
#define SOURCE(kind, bytes) {"c", kind, "src/@NAME@.c", bytes, sizeof bytes}

const dmt_template_file *dmt_templates_c(size_t *count) {
    static const dmt_template_file files[] = {
        FILE("Makefile", makefile),
        FILE("src/plugin.h", header),
        FILE("src/plugin.c", plugin),
        SOURCE("operator", operator_source),
    };
    *count = sizeof files / sizeof *files;
    return files;
}
