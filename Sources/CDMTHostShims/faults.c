#define _GNU_SOURCE
#include "dmt_host_shims.h"

#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

uint64_t dmt_float_environment(void) {
#if defined(__x86_64__)
    uint32_t vector;
    uint16_t scalar;
    __asm__ volatile("stmxcsr %0" : "=m"(vector));
    __asm__ volatile("fnstcw %0" : "=m"(scalar));
    /* Without the six sticky exception flags, which every computation sets. */
    return (uint64_t)scalar << 32 | (vector & ~0x3fu);
#elif defined(__aarch64__)
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    return control;
#else
    return 0;
#endif
}

int64_t dmt_heap_in_use(void) {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    struct mallinfo2 info = mallinfo2();
#else
    struct mallinfo info = mallinfo();
#endif
    return (int64_t)info.uordblks + (int64_t)info.hblkhd;
}

#define WATCHED 1024
#define NAME 64
static struct {
    uintptr_t start;
    int64_t size;
    char name[NAME];
} watched[WATCHED];
static int report = -1;

void dmt_watch_memory(const void *start, int64_t size, const char *name) {
    for (int i = 0; i < WATCHED; i++) {
        /* 1 claims the place: threads of a test come here at the same time. */
        uintptr_t none = 0;
        if (!__atomic_compare_exchange_n(&watched[i].start, &none, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) continue;
        strncpy(watched[i].name, name, NAME - 1);
        watched[i].size = size;
        __atomic_store_n(&watched[i].start, (uintptr_t)start, __ATOMIC_RELEASE);
        return;
    }
}

void dmt_unwatch_memory(const void *start) {
    for (int i = 0; i < WATCHED; i++) {
        uintptr_t expected = (uintptr_t)start;
        if (__atomic_compare_exchange_n(&watched[i].start, &expected, 0, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) return;
    }
}

/* Text in fixed memory: nothing else may be used in a signal handler. */
typedef struct line {
    char text[256];
    size_t size;
} line;

static void put(line *line, const char *text) {
    while (*text && line->size < sizeof line->text - 1) line->text[line->size++] = *text++;
}

static void put_number(line *line, uint64_t number) {
    char digits[24];
    int place = sizeof digits - 1;
    digits[place] = 0;
    do {
        digits[--place] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    put(line, digits + place);
}

static const char *access_word(void *context) {
#if defined(__x86_64__)
    /* Bit 1 of the page fault's error code: a write. */
    return ((ucontext_t *)context)->uc_mcontext.gregs[REG_ERR] & 2 ? "wrote" : "read";
#else
    (void)context;
    return "touched";
#endif
}

static void handle(int signal_number, siginfo_t *info, void *context) {
    uintptr_t address = (uintptr_t)info->si_addr;
    line line = {{0}, 0};
    put(&line, "fault it ");
    put(&line, access_word(context));
    put(&line, " ");
    /* As far as guard pages reach. */
    const uintptr_t reach = 4096;
    int found = -1;
    for (int i = 0; i < WATCHED && found < 0; i++) {
        uintptr_t start = watched[i].start, end = start + (uintptr_t)watched[i].size;
        if (start && address + reach >= start && address < end + reach) found = i;
    }
    if (address < 4096) {
        put(&line, "at NULL");
    } else if (found < 0) {
        put(&line, "memory that is not there");
    } else {
        uintptr_t start = watched[found].start, end = start + (uintptr_t)watched[found].size;
        if (address >= end) {
            put(&line, "byte ");
            put_number(&line, address - end);
            put(&line, " behind the end of ");
        } else if (address < start) {
            put(&line, "byte ");
            put_number(&line, start - address);
            put(&line, " in front of ");
        }
        put(&line, watched[found].name);
    }
    put(&line, "\n");
    ssize_t written = write(report, line.text, line.size);
    (void)written;
    /* The access is tried again and ends the process by its signal. */
    signal(signal_number, SIG_DFL);
}

void dmt_report_faults(int32_t descriptor) {
    report = descriptor;
    static char stack[65536];
    stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&own, NULL);
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}
