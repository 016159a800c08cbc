/**
 * dmt_host_shims.h: the few machine instructions and system calls that Swift cannot say.
 *
 * Linux on x86-64 and AArch64. Everything here belongs to the host; plugins never see it.
 */
#ifndef DMT_HOST_SHIMS_H
#define DMT_HOST_SHIMS_H

#include <stdint.h>
#include <stddef.h>

/* Atomic words in plain memory: the address of a word is needed for futex, which the Synchronization module hides. */

static inline uint32_t dmt_word_load(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }
static inline void dmt_word_store(uint32_t *word, uint32_t value) { __atomic_store_n(word, value, __ATOMIC_SEQ_CST); }
static inline uint32_t dmt_word_add(uint32_t *word, uint32_t value) {
    return __atomic_fetch_add(word, value, __ATOMIC_SEQ_CST);
}
static inline uint32_t dmt_word_or(uint32_t *word, uint32_t value) {
    return __atomic_fetch_or(word, value, __ATOMIC_SEQ_CST);
}
static inline int32_t dmt_word_swap_if(uint32_t *word, uint32_t expected, uint32_t value) {
    return __atomic_compare_exchange_n(word, &expected, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
static inline int64_t dmt_long_add(int64_t *word, int64_t value) {
    return __atomic_fetch_add(word, value, __ATOMIC_RELAXED);
}
static inline int64_t dmt_long_load(const int64_t *word) { return __atomic_load_n(word, __ATOMIC_RELAXED); }
static inline void dmt_long_store(int64_t *word, int64_t value) { __atomic_store_n(word, value, __ATOMIC_RELAXED); }

/** Sleeps while *word is expected; may return early. */
void dmt_futex_wait(const uint32_t *word, uint32_t expected);
/** Wakes up to count threads that sleep on word. */
void dmt_futex_wake(const uint32_t *word, int32_t count);
/** Watches *word for at most nanoseconds, the CPU told that this is a spin; returns what it holds at the end. */
uint32_t dmt_spin_while(const uint32_t *word, uint32_t value, int64_t nanoseconds);
/** Watches *word for at most nanoseconds until none of the bits in mask is set; returns what it holds at the end. */
uint32_t dmt_spin_while_any(const uint32_t *word, uint32_t mask, int64_t nanoseconds);

/** What pool this thread is working for, and as which worker. */
typedef struct dmt_thread_role {
    const void *pool;
    int32_t worker;
} dmt_thread_role;
/** The calling thread's own role; zero at the start of a thread. */
dmt_thread_role *dmt_thread_role_here(void);

/** Names the calling thread for debuggers and top. */
void dmt_name_thread(const char *name);

/** CPUs that this process may use. */
int32_t dmt_usable_cpus(void);

/* The last message of set_error on this thread. */

#define DMT_ERROR_CAPACITY 4096
/** Keeps status and the first DMT_ERROR_CAPACITY bytes of message for this thread; allocates nothing. */
void dmt_error_keep(int32_t status, const char *message, int64_t size);
/** Length of the kept message, its status in *status and its bytes at *message; the message is forgotten. */
int64_t dmt_error_take(int32_t *status, const char **message);

/** CPUID leaf and subleaf into registers[0..3] = eax, ebx, ecx, edx; zeros when there is no such leaf or instruction. */
void dmt_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t registers[4]);
/** XCR0, the register states that the operating system saves; 0 where there is none. */
uint64_t dmt_saved_states(void);

/** Wait status of a child in parts, because the macros of wait.h are no functions. */
int32_t dmt_wait_exited(int32_t status);
int32_t dmt_wait_exit_code(int32_t status);
int32_t dmt_wait_signal(int32_t status);

/** pipe2(O_CLOEXEC): 0, or -1 with errno. */
int32_t dmt_pipe(int32_t ends[2]);
/** fcntl(F_DUPFD_CLOEXEC): a copy of descriptor that children do not inherit, at least minimum. */
int32_t dmt_duplicate(int32_t descriptor, int32_t minimum);
/** Makes reads from descriptor return at once. */
int32_t dmt_set_nonblocking(int32_t descriptor);
/** No core dump of this process. */
void dmt_disable_core_dump(void);
/** This process is killed when its parent ends. */
void dmt_die_with_parent(void);
/** This process gets the signal when the thread that started it ends. */
void dmt_signal_with_parent(int32_t signal);
/* What a plugin that is being checked did to its process. */

/** Control bits of this thread's floating-point environment: rounding, flushing to zero, masks of exceptions. */
uint64_t dmt_float_environment(void);
/** Bytes of the C heap that are in use, all threads'. */
int64_t dmt_heap_in_use(void);
/** Gives memory a name for dmt_report_faults; the name is copied. Nothing happens when the table is full. */
void dmt_watch_memory(const void *start, int64_t size, const char *name);
/** Takes the name from memory that begins at start. */
void dmt_unwatch_memory(const void *start);
/** From now on a bad access writes a line `fault ..` to descriptor, naming the memory nearby, before it ends the process. */
void dmt_report_faults(int32_t descriptor);

/** Not 0 when the process runs with more rights than its user (set-uid, set-gid, file capabilities). */
int32_t dmt_is_privileged(void);

#endif
