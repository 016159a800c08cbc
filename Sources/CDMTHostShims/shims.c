#define _GNU_SOURCE
#include "dmt_host_shims.h"

#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void dmt_futex_wait(const uint32_t *word, uint32_t expected) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

void dmt_futex_wake(const uint32_t *word, int32_t count) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

/* The clock is read once every few pauses: a read costs as much as one pause on newer CPUs. */
#define PAUSES_PER_READ 16

uint32_t dmt_spin_while(const uint32_t *word, uint32_t value, int64_t nanoseconds) {
    uint32_t found = dmt_word_load(word);
    if (found != value || nanoseconds <= 0) return found;
    int64_t end = now() + nanoseconds;
    do {
        for (int i = 0; i < PAUSES_PER_READ; i++) {
            relax();
            found = __atomic_load_n(word, __ATOMIC_ACQUIRE);
            if (found != value) return found;
        }
    } while (now() < end);
    return found;
}

uint32_t dmt_spin_while_any(const uint32_t *word, uint32_t mask, int64_t nanoseconds) {
    uint32_t found = dmt_word_load(word);
    if (!(found & mask) || nanoseconds <= 0) return found;
    int64_t end = now() + nanoseconds;
    do {
        for (int i = 0; i < PAUSES_PER_READ; i++) {
            relax();
            found = __atomic_load_n(word, __ATOMIC_ACQUIRE);
            if (!(found & mask)) return found;
        }
    } while (now() < end);
    return found;
}

dmt_thread_role *dmt_thread_role_here(void) {
    static _Thread_local dmt_thread_role role;
    return &role;
}

void dmt_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int32_t dmt_usable_cpus(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        int count = CPU_COUNT(&set);
        if (count > 0) return count;
    }
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (int32_t)count : 1;
}

static _Thread_local struct {
    int32_t status;
    int64_t size;
    char message[DMT_ERROR_CAPACITY];
} kept;

void dmt_error_keep(int32_t status, const char *message, int64_t size) {
    if (!message || size < 0) size = 0;
    if (size > DMT_ERROR_CAPACITY) size = DMT_ERROR_CAPACITY;
    if (size) memcpy(kept.message, message, (size_t)size);
    kept.size = size;
    kept.status = status;
}

int64_t dmt_error_take(int32_t *status, const char **message) {
    int64_t size = kept.size;
    *status = kept.status;
    *message = kept.message;
    kept.size = 0;
    kept.status = 0;
    return size;
}

void dmt_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t registers[4]) {
    memset(registers, 0, 4 * sizeof *registers);
#if defined(__x86_64__)
    __get_cpuid_count(leaf, subleaf, &registers[0], &registers[1], &registers[2], &registers[3]);
#else
    (void)leaf;
    (void)subleaf;
#endif
}

uint64_t dmt_saved_states(void) {
#if defined(__x86_64__)
    uint32_t registers[4];
    dmt_cpuid(1, 0, registers);
    /* Without OSXSAVE the instruction itself is illegal. */
    if (!(registers[2] & (1u << 27))) return 0;
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
#else
    return 0;
#endif
}

int32_t dmt_wait_exited(int32_t status) { return WIFEXITED(status); }
int32_t dmt_wait_exit_code(int32_t status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
int32_t dmt_wait_signal(int32_t status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }

int32_t dmt_pipe(int32_t ends[2]) { return pipe2(ends, O_CLOEXEC); }

int32_t dmt_duplicate(int32_t descriptor, int32_t minimum) { return fcntl(descriptor, F_DUPFD_CLOEXEC, minimum); }

int32_t dmt_set_nonblocking(int32_t descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    return flags < 0 ? -1 : fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

void dmt_disable_core_dump(void) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
}

int32_t dmt_sealed_copy(const char *name, const void *bytes, int64_t size) {
    int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) return -1;
    int64_t written = 0;
    while (written < size) {
        ssize_t count = write(file, (const char *)bytes + written, (size_t)(size - written));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        written += count;
    }
    if (written == size && fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        return file;
    int code = errno;
    close(file);
    errno = code;
    return -1;
}

const char *dmt_libc_version(void) { return gnu_get_libc_version(); }

int32_t dmt_try_lock(int32_t descriptor) { return flock(descriptor, LOCK_EX | LOCK_NB); }

int32_t dmt_is_privileged(void) { return getauxval(AT_SECURE) != 0; }

void dmt_die_with_parent(void) { prctl(PR_SET_PDEATHSIG, SIGKILL); }

void dmt_signal_with_parent(int32_t signal) { prctl(PR_SET_PDEATHSIG, signal); }
