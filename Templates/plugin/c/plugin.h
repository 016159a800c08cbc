/**
 * plugin.h: what the files of this plugin share.
 */
#ifndef PLUGIN_H
#define PLUGIN_H

#include <dmt/dmt.h>

/** A literal as a text of the contract. */
#define TEXT(literal) {literal, sizeof(literal) - 1}

/** What the plugin offers: kind, name, one sentence. */
extern const dmt_component component;
/** The component's table: the struct that its kind and revision name. */
extern const void *const component_table;

/** The host; there from initialize on. */
extern const dmt_host *host;

/** Tells the host why the running call fails; returns `status`. */
dmt_status fail(dmt_status status, const char *format, ...);

/** A text of the contract, which lives as long as `literal`. */
dmt_str text(const char *literal);
/** Whether a text is this one. */
int is_text(dmt_str given, const char *literal);

/** An attribute's value; `otherwise` when it was not given. */
double number(const dmt_attrs *attributes, const char *name, double otherwise);
int64_t integer(const dmt_attrs *attributes, const char *name, int64_t otherwise);

/** Calls body on pieces of 0 ..< count, at least grain long each, on the host's threads. */
void in_parallel(int64_t count, int64_t grain, dmt_parallel_body body, void *argument);

#endif
