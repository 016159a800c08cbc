/**
 * plugin.h: what the files of this plugin share.
 */
#ifndef PLUGIN_H
#define PLUGIN_H

#include <dmt/dmt.h>

/** A literal as a text of the contract. */
#define TEXT(literal) {literal, sizeof(literal) - 1}

#define SWISH "com.example.swish"
#define TOWER "com.example.tower_swish"

/** The operator: its schema and its kernels. */
extern const dmt_operator swish_operator;
/** A tower module that uses it. */
extern const dmt_module tower_module;

/** Tells the host why the running call fails; returns `status`. */
dmt_status fail(dmt_status status, const char *format, ...);

int same_text(dmt_str a, dmt_str b);

/** An attribute by name, or NULL. */
const dmt_attr *attribute(const dmt_attrs *attributes, const char *name);

/** Calls body on pieces of 0 ..< count, at least grain long each, on the host's threads. */
void in_parallel(int64_t count, int64_t grain, dmt_parallel_body body, void *argument);

#endif
