/* What every package has. */
#include "dmt_templates.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char gitignore[] = {
#embed "../../Templates/plugin/common/gitignore"
};
static const unsigned char sidecar[] = {
#embed "../../Templates/plugin/common/plugin.json"
};
static const unsigned char exports[] = {
#embed "../../Templates/plugin/common/exports.map"
};
static const unsigned char workflow[] = {
#embed "../../Templates/plugin/common/ci.yml"
};
static const unsigned char readme[] = {
#embed "../../Templates/plugin/common/README.md"
};

#define FILE(path, bytes) {NULL, NULL, path, bytes, sizeof bytes}

const dmt_template_file *dmt_templates_common(size_t *count) {
    static const dmt_template_file files[] = {
        FILE("README.md", readme),
        FILE(".gitignore", gitignore),
        FILE(".github/workflows/ci.yml", workflow),
        FILE("plugin.json", sidecar),
        FILE("exports.map", exports),
    };
    *count = sizeof files / sizeof *files;
    return files;
}
