/* Packages in Rust. */
#include "dmt_templates.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char makefile[] = {
#embed "../../Templates/plugin/rust/Makefile"
};
static const unsigned char library[] = {
#embed "../../Templates/plugin/rust/lib.rs"
};
static const unsigned char backend_source[] = {
#embed "../../Templates/plugin/rust/backend.rs"
};
static const unsigned char interconnect_source[] = {
#embed "../../Templates/plugin/rust/interconnect.rs"
};
static const unsigned char exchange_source[] = {
#embed "../../Templates/plugin/rust/exchange.rs"
};
static const unsigned char module_source[] = {
#embed "../../Templates/plugin/rust/module.rs"
};
static const unsigned char operator_source[] = {
#embed "../../Templates/plugin/rust/operator.rs"
};
static const unsigned char optimizer_source[] = {
#embed "../../Templates/plugin/rust/optimizer.rs"
};
static const unsigned char partitioner_source[] = {
#embed "../../Templates/plugin/rust/partitioner.rs"
};
static const unsigned char reader_source[] = {
#embed "../../Templates/plugin/rust/reader.rs"
};
static const unsigned char sharding_source[] = {
#embed "../../Templates/plugin/rust/sharding.rs"
};

const dmt_template_file *dmt_templates_rust(size_t *count) {
    static const dmt_template_file files[] = {
        {"rust", NULL, "Makefile", makefile, sizeof makefile},
        {"rust", NULL, "src/lib.rs", library, sizeof library},
        {"rust", "backend", "src/@KIND@.rs", backend_source, sizeof backend_source},
        {"rust", "interconnect", "src/@KIND@.rs", interconnect_source, sizeof interconnect_source},
        {"rust", "interconnect", "src/@KIND@/exchange.rs", exchange_source, sizeof exchange_source},
        {"rust", "module", "src/@KIND@.rs", module_source, sizeof module_source},
        {"rust", "operator", "src/@KIND@.rs", operator_source, sizeof operator_source},
        {"rust", "optimizer", "src/@KIND@.rs", optimizer_source, sizeof optimizer_source},
        {"rust", "partitioner", "src/@KIND@.rs", partitioner_source, sizeof partitioner_source},
        {"rust", "reader", "src/@KIND@.rs", reader_source, sizeof reader_source},
        {"rust", "sharding", "src/@KIND@.rs", sharding_source, sizeof sharding_source},
    };
    *count = sizeof files / sizeof *files;
    return files;
}
