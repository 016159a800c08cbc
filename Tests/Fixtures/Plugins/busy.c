/* A plugin whose entry never ends and never rests. */
#include "fixture.h"

const dmt_plugin *dmt_plugin_entry(void) {
    for (volatile unsigned turn = 0;; turn++) {}
}
