/* The tests of a package: they go through the contract, and so serve every language. */
#include "dmt_templates.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char contract[] = {
#embed "../../Templates/plugin/tests/contract.h"
};
static const unsigned char operator_test[] = {
#embed "../../Templates/plugin/tests/operator.c"
};
static const unsigned char operator_use[] = {
#embed "../../Templates/plugin/kinds/operator.md"
};

#define TEST(kind, bytes) {NULL, kind, "tests/test.c", bytes, sizeof bytes}
/* The end of a package's README. */
#define USE(kind, bytes) {NULL, kind, "README.md", bytes, sizeof bytes}

const dmt_template_file *dmt_templates_tests(size_t *count) {
    static const dmt_template_file files[] = {
        {NULL, NULL, "tests/contract.h", contract, sizeof contract},
        TEST("operator", operator_test),
        USE("operator", operator_use),
    };
    *count = sizeof files / sizeof *files;
    return files;
}
