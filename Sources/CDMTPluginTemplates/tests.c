/* What a package of each kind has in every language: a test through the contract, and how the component is used. */
#include "dmt_templates.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char contract[] = {
#embed "../../Templates/plugin/tests/contract.h"
};
static const unsigned char backend_test[] = {
#embed "../../Templates/plugin/tests/backend.c"
};
static const unsigned char interconnect_test[] = {
#embed "../../Templates/plugin/tests/interconnect.c"
};
static const unsigned char module_test[] = {
#embed "../../Templates/plugin/tests/module.c"
};
static const unsigned char operator_test[] = {
#embed "../../Templates/plugin/tests/operator.c"
};
static const unsigned char optimizer_test[] = {
#embed "../../Templates/plugin/tests/optimizer.c"
};
static const unsigned char partitioner_test[] = {
#embed "../../Templates/plugin/tests/partitioner.c"
};
static const unsigned char reader_test[] = {
#embed "../../Templates/plugin/tests/reader.c"
};
static const unsigned char sharding_test[] = {
#embed "../../Templates/plugin/tests/sharding.c"
};
static const unsigned char backend_use[] = {
#embed "../../Templates/plugin/kinds/backend.md"
};
static const unsigned char interconnect_use[] = {
#embed "../../Templates/plugin/kinds/interconnect.md"
};
static const unsigned char module_use[] = {
#embed "../../Templates/plugin/kinds/module.md"
};
static const unsigned char operator_use[] = {
#embed "../../Templates/plugin/kinds/operator.md"
};
static const unsigned char optimizer_use[] = {
#embed "../../Templates/plugin/kinds/optimizer.md"
};
static const unsigned char partitioner_use[] = {
#embed "../../Templates/plugin/kinds/partitioner.md"
};
static const unsigned char reader_use[] = {
#embed "../../Templates/plugin/kinds/reader.md"
};
static const unsigned char sharding_use[] = {
#embed "../../Templates/plugin/kinds/sharding.md"
};
static const unsigned char base_manifest[] = {
#embed "../../Templates/plugin/examples/base.yaml"
};
static const unsigned char towers_manifest[] = {
#embed "../../Templates/plugin/examples/towers.yaml"
};
static const unsigned char backend_manifest[] = {
#embed "../../Templates/plugin/examples/backend.yaml"
};
static const unsigned char interconnect_manifest[] = {
#embed "../../Templates/plugin/examples/interconnect.yaml"
};
static const unsigned char module_manifest[] = {
#embed "../../Templates/plugin/examples/module.yaml"
};
static const unsigned char optimizer_manifest[] = {
#embed "../../Templates/plugin/examples/optimizer.yaml"
};
static const unsigned char partitioner_manifest[] = {
#embed "../../Templates/plugin/examples/partitioner.yaml"
};
static const unsigned char reader_manifest[] = {
#embed "../../Templates/plugin/examples/reader.yaml"
};
static const unsigned char sharding_manifest[] = {
#embed "../../Templates/plugin/examples/sharding.yaml"
};
static const unsigned char reader_rows[] = {
#embed "../../Templates/plugin/examples/rows.txt"
};
static const unsigned char train_make[] = {
#embed "../../Templates/plugin/examples/train.mk"
};
static const unsigned char interconnect_make[] = {
#embed "../../Templates/plugin/examples/interconnect.mk"
};
static const unsigned char partitioner_make[] = {
#embed "../../Templates/plugin/examples/partitioner.mk"
};
static const unsigned char sharding_make[] = {
#embed "../../Templates/plugin/examples/sharding.mk"
};

const dmt_template_file *dmt_templates_tests(size_t *count) {
    static const dmt_template_file files[] = {
        {NULL, NULL, "tests/contract.h", contract, sizeof contract},
        {NULL, "backend", "tests/test.c", backend_test, sizeof backend_test},
        {NULL, "interconnect", "tests/test.c", interconnect_test, sizeof interconnect_test},
        {NULL, "module", "tests/test.c", module_test, sizeof module_test},
        {NULL, "operator", "tests/test.c", operator_test, sizeof operator_test},
        {NULL, "optimizer", "tests/test.c", optimizer_test, sizeof optimizer_test},
        {NULL, "partitioner", "tests/test.c", partitioner_test, sizeof partitioner_test},
        {NULL, "reader", "tests/test.c", reader_test, sizeof reader_test},
        {NULL, "sharding", "tests/test.c", sharding_test, sizeof sharding_test},
        {NULL, "backend", "README.md", backend_use, sizeof backend_use},
        {NULL, "interconnect", "README.md", interconnect_use, sizeof interconnect_use},
        {NULL, "module", "README.md", module_use, sizeof module_use},
        {NULL, "operator", "README.md", operator_use, sizeof operator_use},
        {NULL, "optimizer", "README.md", optimizer_use, sizeof optimizer_use},
        {NULL, "partitioner", "README.md", partitioner_use, sizeof partitioner_use},
        {NULL, "reader", "README.md", reader_use, sizeof reader_use},
        {NULL, "sharding", "README.md", sharding_use, sizeof sharding_use},
        {NULL, "backend", "example.yaml", base_manifest, sizeof base_manifest},
        {NULL, "interconnect", "example.yaml", base_manifest, sizeof base_manifest},
        {NULL, "module", "example.yaml", base_manifest, sizeof base_manifest},
        {NULL, "optimizer", "example.yaml", base_manifest, sizeof base_manifest},
        {NULL, "partitioner", "example.yaml", base_manifest, sizeof base_manifest},
        {NULL, "sharding", "example.yaml", base_manifest, sizeof base_manifest},
        {NULL, "backend", "example.yaml", towers_manifest, sizeof towers_manifest},
        {NULL, "interconnect", "example.yaml", towers_manifest, sizeof towers_manifest},
        {NULL, "sharding", "example.yaml", towers_manifest, sizeof towers_manifest},
        {NULL, "backend", "example.yaml", backend_manifest, sizeof backend_manifest},
        {NULL, "interconnect", "example.yaml", interconnect_manifest, sizeof interconnect_manifest},
        {NULL, "module", "example.yaml", module_manifest, sizeof module_manifest},
        {NULL, "optimizer", "example.yaml", optimizer_manifest, sizeof optimizer_manifest},
        {NULL, "partitioner", "example.yaml", partitioner_manifest, sizeof partitioner_manifest},
        {NULL, "reader", "example.yaml", reader_manifest, sizeof reader_manifest},
        {NULL, "sharding", "example.yaml", sharding_manifest, sizeof sharding_manifest},
        {NULL, "reader", "rows.txt", reader_rows, sizeof reader_rows},
        {NULL, "backend", "Makefile", train_make, sizeof train_make},
        {NULL, "interconnect", "Makefile", interconnect_make, sizeof interconnect_make},
        {NULL, "module", "Makefile", train_make, sizeof train_make},
        {NULL, "optimizer", "Makefile", train_make, sizeof train_make},
        {NULL, "partitioner", "Makefile", partitioner_make, sizeof partitioner_make},
        {NULL, "reader", "Makefile", train_make, sizeof train_make},
        {NULL, "sharding", "Makefile", sharding_make, sizeof sharding_make},
    };
    *count = sizeof files / sizeof *files;
    return files;
}
