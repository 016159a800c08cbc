/* Blocks a signal on the thread that makes a plan. */
#include <signal.h>
#define ON_BIND(bound)                          \
    sigset_t set;                               \
    sigemptyset(&set);                          \
    sigaddset(&set, SIGUSR2);                   \
    pthread_sigmask(SIG_BLOCK, &set, NULL)
#include "sound-operator.h"
