/* Starts more threads than it is given. */
#include <pthread.h>
#include <unistd.h>
static void *wait_for_ever(void *argument) {
    for (;;) pause();
    return argument;
}
#define ON_INITIALIZE                                                                        \
    pthread_t thread;                                                                        \
    for (long i = sysconf(_SC_NPROCESSORS_ONLN) + 8; i > 0; i--) {                           \
        if (pthread_create(&thread, NULL, wait_for_ever, NULL) == 0) pthread_detach(thread); \
    }
#include "sound-operator.h"
