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
static const unsigned char kernels[] = {
#embed "../../Templates/plugin/c/kernels.h"
};
static const unsigned char backend_source[] = {
#embed "../../Templates/plugin/c/backend.c"
};
static const unsigned char interconnect_source[] = {
#embed "../../Templates/plugin/c/interconnect.c"
};
static const unsigned char module_source[] = {
#embed "../../Templates/plugin/c/module.c"
};
static const unsigned char operator_source[] = {
#embed "../../Templates/plugin/c/operator.c"
};
static const unsigned char optimizer_source[] = {
#embed "../../Templates/plugin/c/optimizer.c"
};
static const unsigned char partitioner_source[] = {
#embed "../../Templates/plugin/c/partitioner.c"
};
static const unsigned char reader_source[] = {
#embed "../../Templates/plugin/c/reader.c"
};
static const unsigned char sharding_source[] = {
#embed "../../Templates/plugin/c/sharding.c"
};

const dmt_template_file *dmt_templates_c(size_t *count) {
    static const dmt_template_file files[] = {
        {"c", NULL, "Makefile", makefile, sizeof makefile},
        {"c", NULL, "src/plugin.h", header, sizeof header},
        {"c", NULL, "src/plugin.c", plugin, sizeof plugin},
        {"c", "backend", "src/kernels.h", kernels, sizeof kernels},
        {"c", "operator", "src/kernels.h", kernels, sizeof kernels},
        {"c", "backend", "src/@KIND@.c", backend_source, sizeof backend_source},
        {"c", "interconnect", "src/@KIND@.c", interconnect_source, sizeof interconnect_source},
        {"c", "module", "src/@KIND@.c", module_source, sizeof module_source},
        {"c", "operator", "src/@KIND@.c", operator_source, sizeof operator_source},
        {"c", "optimizer", "src/@KIND@.c", optimizer_source, sizeof optimizer_source},
        {"c", "partitioner", "src/@KIND@.c", partitioner_source, sizeof partitioner_source},
        {"c", "reader", "src/@KIND@.c", reader_source, sizeof reader_source},
        {"c", "sharding", "src/@KIND@.c", sharding_source, sizeof sharding_source},
    };
    *count = sizeof files / sizeof *files;
    return files;
}
