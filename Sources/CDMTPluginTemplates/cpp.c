/* Packages in C++. */
#include "dmt_templates.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char makefile[] = {
#embed "../../Templates/plugin/cpp/Makefile"
};
static const unsigned char header[] = {
#embed "../../Templates/plugin/cpp/plugin.hpp"
};
static const unsigned char plugin[] = {
#embed "../../Templates/plugin/cpp/plugin.cpp"
};
static const unsigned char kernels[] = {
#embed "../../Templates/plugin/c/kernels.h"
};
static const unsigned char backend_source[] = {
#embed "../../Templates/plugin/cpp/backend.cpp"
};
static const unsigned char interconnect_source[] = {
#embed "../../Templates/plugin/cpp/interconnect.cpp"
};
static const unsigned char module_source[] = {
#embed "../../Templates/plugin/cpp/module.cpp"
};
static const unsigned char operator_source[] = {
#embed "../../Templates/plugin/cpp/operator.cpp"
};
static const unsigned char optimizer_source[] = {
#embed "../../Templates/plugin/cpp/optimizer.cpp"
};
static const unsigned char partitioner_source[] = {
#embed "../../Templates/plugin/cpp/partitioner.cpp"
};
static const unsigned char reader_source[] = {
#embed "../../Templates/plugin/cpp/reader.cpp"
};
static const unsigned char sharding_source[] = {
#embed "../../Templates/plugin/cpp/sharding.cpp"
};

const dmt_template_file *dmt_templates_cpp(size_t *count) {
    static const dmt_template_file files[] = {
        {"cpp", NULL, "Makefile", makefile, sizeof makefile},
        {"cpp", NULL, "src/plugin.hpp", header, sizeof header},
        {"cpp", NULL, "src/plugin.cpp", plugin, sizeof plugin},
        {"cpp", "backend", "src/kernels.h", kernels, sizeof kernels},
        {"cpp", "operator", "src/kernels.h", kernels, sizeof kernels},
        {"cpp", "backend", "src/@KIND@.cpp", backend_source, sizeof backend_source},
        {"cpp", "interconnect", "src/@KIND@.cpp", interconnect_source, sizeof interconnect_source},
        {"cpp", "module", "src/@KIND@.cpp", module_source, sizeof module_source},
        {"cpp", "operator", "src/@KIND@.cpp", operator_source, sizeof operator_source},
        {"cpp", "optimizer", "src/@KIND@.cpp", optimizer_source, sizeof optimizer_source},
        {"cpp", "partitioner", "src/@KIND@.cpp", partitioner_source, sizeof partitioner_source},
        {"cpp", "reader", "src/@KIND@.cpp", reader_source, sizeof reader_source},
        {"cpp", "sharding", "src/@KIND@.cpp", sharding_source, sizeof sharding_source},
    };
    *count = sizeof files / sizeof *files;
    return files;
}
