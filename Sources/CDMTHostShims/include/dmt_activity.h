/**
 * dmt_activity.h: what every thread is doing inside a plugin, for the report of a crash.
 *
 * A trap in a plugin cannot be caught, only told. A handler of a fatal signal may call few functions and allocate nothing,
 * so whatever it will say is there beforehand: texts that are never freed, and a few words a thread that name them.
 */
#ifndef DMT_ACTIVITY_H
#define DMT_ACTIVITY_H

#include <stdint.h>

/** A component that is called; its texts, zero-terminated, live as long as the process. */
typedef struct dmt_call_site {
    const char *plugin;
    /** NULL: the plugin itself. */
    const char *component;
} dmt_call_site;

/** What a thread does; all zero: nothing of a plugin. */
typedef struct dmt_activity {
    const dmt_call_site *site;
    /** `bind`, `forward`; lives as long as the process. */
    const char *phase;
    /** The node that is run, or NULL; lives as long as the process. */
    const char *node;
    /** The thread is known to the handler. */
    int64_t is_known;
} dmt_activity;

/** What the calling thread does. */
extern _Thread_local dmt_activity dmt_activity_here;

/** Lets the handler find what this thread does when another one crashes. */
void dmt_activity_register(void);

/** What dmt_activity_enter replaced. */
typedef struct dmt_activity_before {
    const dmt_call_site *site;
    const char *phase;
} dmt_activity_before;

/** Says that a call into a plugin begins; the answer is for dmt_activity_leave, when it has ended. */
static inline dmt_activity_before dmt_activity_enter(const dmt_call_site *site, const char *phase) {
    dmt_activity *here = &dmt_activity_here;
    dmt_activity_before before = {here->site, here->phase};
    if (__builtin_expect(!here->is_known, 0)) dmt_activity_register();
    here->site = site;
    here->phase = phase;
    return before;
}

/** Says that the call has ended. */
static inline void dmt_activity_leave(dmt_activity_before before) {
    dmt_activity *here = &dmt_activity_here;
    here->site = before.site;
    here->phase = before.phase;
}

/** Says which node runs on this thread; NULL: none. */
static inline void dmt_activity_set_node(const char *node) { dmt_activity_here.node = node; }

/** What this thread does, for a worker that takes over a part. */
static inline dmt_activity dmt_activity_copy(void) { return dmt_activity_here; }

/** This thread works for another one, which does that. */
static inline void dmt_activity_assume(dmt_activity other) {
    dmt_activity *here = &dmt_activity_here;
    if (__builtin_expect(!here->is_known, 0)) dmt_activity_register();
    here->site = other.site;
    here->phase = other.phase;
    here->node = other.node;
}

/**
 * From now on a fatal signal in a plugin ends the process with exit_code after a report on standard error. A fatal signal
 * elsewhere does what it did before.
 */
void dmt_crash_report_install(int32_t exit_code);
/** The same again, where it was done before: a library may have taken the signals for itself. */
void dmt_crash_report_renew(void);
/** What the report closes with: what to do about it; copied. Empty: nothing. */
void dmt_crash_report_advise(const char *advice);
/** Gives the calling thread a stack of its own for the handler, so that a stack overflow is told too. */
void dmt_crash_stack_make(void);
/** Gives it back, before the thread ends. */
void dmt_crash_stack_free(void);
/** Takes the signals of a crash out of a mask: blocked, they would end the process without a word. */
void dmt_crash_signals_remove(void *sigset);

#endif
