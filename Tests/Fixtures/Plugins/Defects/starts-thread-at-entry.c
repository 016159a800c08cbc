/* Starts a thread when it is looked at. */
#include <pthread.h>
#include <unistd.h>
static void *wait_for_ever(void *argument) {
    for (;;) pause();
    return argument;
}
#define ON_ENTRY                                        \
    pthread_t thread;                                   \
    pthread_create(&thread, NULL, wait_for_ever, NULL)
#include "sound-operator.h"
