/* Packages in Swift. */
#include "dmt_templates.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char makefile[] = {
#embed "../../Templates/plugin/swift/Makefile"
};
static const unsigned char manifest[] = {
#embed "../../Templates/plugin/swift/Package.swift"
};
static const unsigned char plugin[] = {
#embed "../../Templates/plugin/swift/Plugin.swift"
};
static const unsigned char backend_source[] = {
#embed "../../Templates/plugin/swift/backend.swift"
};
static const unsigned char interconnect_source[] = {
#embed "../../Templates/plugin/swift/interconnect.swift"
};
static const unsigned char module_source[] = {
#embed "../../Templates/plugin/swift/module.swift"
};
static const unsigned char operator_source[] = {
#embed "../../Templates/plugin/swift/operator.swift"
};
static const unsigned char optimizer_source[] = {
#embed "../../Templates/plugin/swift/optimizer.swift"
};
static const unsigned char partitioner_source[] = {
#embed "../../Templates/plugin/swift/partitioner.swift"
};
static const unsigned char reader_source[] = {
#embed "../../Templates/plugin/swift/reader.swift"
};
static const unsigned char sharding_source[] = {
#embed "../../Templates/plugin/swift/sharding.swift"
};

const dmt_template_file *dmt_templates_swift(size_t *count) {
    static const dmt_template_file files[] = {
        {"swift", NULL, "Makefile", makefile, sizeof makefile},
        {"swift", NULL, "Package.swift", manifest, sizeof manifest},
        {"swift", NULL, "Sources/@TYPE@Plugin/Plugin.swift", plugin, sizeof plugin},
        {"swift", "backend", "Sources/@TYPE@Plugin/@EXAMPLE@.swift", backend_source, sizeof backend_source},
        {"swift", "interconnect", "Sources/@TYPE@Plugin/@EXAMPLE@.swift", interconnect_source, sizeof interconnect_source},
        {"swift", "module", "Sources/@TYPE@Plugin/@EXAMPLE@.swift", module_source, sizeof module_source},
        {"swift", "operator", "Sources/@TYPE@Plugin/@EXAMPLE@.swift", operator_source, sizeof operator_source},
        {"swift", "optimizer", "Sources/@TYPE@Plugin/@EXAMPLE@.swift", optimizer_source, sizeof optimizer_source},
        {"swift", "partitioner", "Sources/@TYPE@Plugin/@EXAMPLE@.swift", partitioner_source, sizeof partitioner_source},
        {"swift", "reader", "Sources/@TYPE@Plugin/@EXAMPLE@.swift", reader_source, sizeof reader_source},
        {"swift", "sharding", "Sources/@TYPE@Plugin/@EXAMPLE@.swift", sharding_source, sizeof sharding_source},
    };
    *count = sizeof files / sizeof *files;
    return files;
}
