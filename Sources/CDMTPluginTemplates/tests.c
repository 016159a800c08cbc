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
static const unsigned char partitioner_test[] = {
#embed "../../Templates/plugin/tests/partitioner.c"
};
static const unsigned char sharding_test[] = {
#embed "../../Templates/plugin/tests/sharding.c"
};
static const unsigned char module_use[] = {
#embed "../../Templates/plugin/kinds/module.md"
};
static const unsigned char operator_use[] = {
#embed "../../Templates/plugin/kinds/operator.md"
};
static const unsigned char module_manifest[] = {
#embed "../../Templates/plugin/examples/module.yaml"
};

const dmt_template_file *dmt_templates_tests(size_t *count) {
    static const dmt_template_file files[] = {
        {NULL, NULL, "tests/contract.h", contract, sizeof contract},
        {NULL, "backend", "tests/test.c", backend_test, sizeof backend_test},
        {NULL, "interconnect", "tests/test.c", interconnect_test, sizeof interconnect_test},
        {NULL, "module", "tests/test.c", module_test, sizeof module_test},
        {NULL, "operator", "tests/test.c", operator_test, sizeof operator_test},
        {NULL, "partitioner", "tests/test.c", partitioner_test, sizeof partitioner_test},
        {NULL, "sharding", "tests/test.c", sharding_test, sizeof sharding_test},
        {NULL, "module", "README.md", module_use, sizeof module_use},
        {NULL, "operator", "README.md", operator_use, sizeof operator_use},
        {NULL, "module", "example.yaml", module_manifest, sizeof module_manifest},
    };
    *count = sizeof files / sizeof *files;
    return files;
}
