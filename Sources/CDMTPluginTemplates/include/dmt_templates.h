/**
 * dmt_templates.h: the files that `dmt plugin new` writes, from the folder Templates.
 *
 * Embedded in the program, so that it needs no folder beside it. In a file's text and path, @NAME@ and the like are filled in.
 */
#ifndef DMT_TEMPLATES_H
#define DMT_TEMPLATES_H

#include <stddef.h>

/** A file of a plugin's package. */
typedef struct dmt_template_file {
    /** The language it is for: `c`; NULL: all. */
    const char *language;
    /** The kind it is for: `operator`; NULL: all. */
    const char *kind;
    /** Where it goes in the package. */
    const char *path;
    const unsigned char *bytes;
    size_t size;
} dmt_template_file;

/* Each returns an array and writes how long it is. */
const dmt_template_file *dmt_templates_common(size_t *count);
const dmt_template_file *dmt_templates_tests(size_t *count);
const dmt_template_file *dmt_templates_c(size_t *count);
const dmt_template_file *dmt_templates_cpp(size_t *count);
const dmt_template_file *dmt_templates_swift(size_t *count);
const dmt_template_file *dmt_templates_rust(size_t *count);

#endif
