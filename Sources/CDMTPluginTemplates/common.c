/* What every package has. */
#include "dmt_templates.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char readme[] = {
#embed "../../Templates/plugin/common/README.md"
};
static const unsigned char gitignore[] = {
#embed "../../Templates/plugin/common/gitignore"
};
static const unsigned char workflow[] = {
#embed "../../Templates/plugin/common/ci.yml"
};
static const unsigned char sidecar[] = {
#embed "../../Templates/plugin/common/plugin.json"
};
static const unsigned char exports[] = {
#embed "../../Templates/plugin/common/exports.map"
};

const dmt_template_file *dmt_templates_common(size_t *count) {
    static const dmt_template_file files[] = {
        {NULL, NULL, "README.md", readme, sizeof readme},
        {NULL, NULL, ".gitignore", gitignore, sizeof gitignore},
        {NULL, NULL, ".github/workflows/ci.yml", workflow, sizeof workflow},
        {NULL, NULL, "plugin.json", sidecar, sizeof sidecar},
        {NULL, NULL, "exports.map", exports, sizeof exports},
    };
    *count = sizeof files / sizeof *files;
    return files;
}
