/* A library that needy.c needs; -DANSWER=N chooses what it says, -DABORT makes it end the process. */
#include <stdlib.h>

#ifndef ANSWER
#define ANSWER 42
#endif

__attribute__((visibility("default"))) int dmt_fixture_help(void);
int dmt_fixture_help(void) {
#ifdef ABORT
    abort();
#endif
    return ANSWER;
}
