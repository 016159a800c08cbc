#define _GNU_SOURCE
#include "dmt_activity.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

_Thread_local dmt_activity dmt_activity_here;

/* Threads that have called a plugin. */

#define SLOTS 512
static dmt_activity *slots[SLOTS];
static pthread_key_t slot_key;
static pthread_once_t slot_once = PTHREAD_ONCE_INIT;

static void forget(void *slot) { __atomic_store_n((dmt_activity **)slot, NULL, __ATOMIC_RELEASE); }
static void make_key(void) { pthread_key_create(&slot_key, forget); }

void dmt_activity_register(void) {
    dmt_activity *here = &dmt_activity_here;
    here->is_known = 1;
    pthread_once(&slot_once, make_key);
    for (int i = 0; i < SLOTS; i++) {
        dmt_activity *expected = NULL;
        if (__atomic_compare_exchange_n(&slots[i], &expected, here, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            pthread_setspecific(slot_key, &slots[i]);
            return;
        }
    }
    /* More threads than slots: its own crash is told all the same, from dmt_activity_here. */
}

/* The handler. Everything below it calls is on the list of async-signal-safe functions: write, open, read, close,
 * sigaction, raise, getpid, _exit, and memory of its own. */

static const struct {
    int number;
    const char *name;
} fatal[] = {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGILL, "SIGILL"},
             {SIGFPE, "SIGFPE"},   {SIGTRAP, "SIGTRAP"}, {SIGABRT, "SIGABRT"}};
#define FATAL_COUNT ((int)(sizeof fatal / sizeof *fatal))

static struct sigaction before[FATAL_COUNT];
static int exit_status;
static char advice[2048];
static int reporting;
static int is_on_terminal;

typedef struct text {
    char bytes[4096];
    size_t size;
} text;

static void add(text *line, const char *part) {
    while (part && *part && line->size < sizeof line->bytes) line->bytes[line->size++] = *part++;
}

static void add_hex(text *line, uintptr_t number) {
    char digits[2 * sizeof number + 3] = "0x";
    int count = 2;
    for (int shift = 8 * (int)sizeof number - 4; shift >= 0; shift -= 4) {
        unsigned digit = (unsigned)(number >> shift) & 15;
        if (digit || count > 2 || shift == 0) digits[count++] = "0123456789abcdef"[digit];
    }
    digits[count] = 0;
    add(line, digits);
}

/* A file that is mapped at an address: its path, and how far into it the address is. */
typedef struct mapping {
    char path[512];
    uintptr_t offset;
} mapping;

static int hex_digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

/* Reads a line `BEGIN-END PERMS OFFSET DEVICE INODE PATH` of /proc/self/maps. */
static int parse_mapping(const char *line, uintptr_t address, mapping *found) {
    uintptr_t numbers[3] = {0, 0, 0};
    int field = 0;
    const char *c = line;
    for (; *c && field < 2; c++) {
        int digit = hex_digit(*c);
        if (digit >= 0) numbers[field] = numbers[field] << 4 | (uintptr_t)digit;
        else field++;
    }
    if (address < numbers[0] || address >= numbers[1]) return 0;
    while (*c && *c != ' ') c++; /* permissions */
    if (*c) c++;
    for (int digit; (digit = hex_digit(*c)) >= 0; c++) numbers[2] = numbers[2] << 4 | (uintptr_t)digit;
    const char *path = strchr(c, '/');
    if (!path) return 0;
    size_t size = strlen(path);
    if (size >= sizeof found->path) size = sizeof found->path - 1;
    memcpy(found->path, path, size);
    found->path[size] = 0;
    found->offset = address - numbers[0] + numbers[2];
    return 1;
}

static int find_mapping(uintptr_t address, mapping *found) {
    int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (maps < 0) return 0;
    char line[1024], buffer[4096];
    size_t size = 0;
    int result = 0;
    for (ssize_t count; !result && (count = read(maps, buffer, sizeof buffer)) > 0;) {
        for (ssize_t i = 0; i < count && !result; i++) {
            if (buffer[i] != '\n') {
                if (size < sizeof line - 1) line[size++] = buffer[i];
                continue;
            }
            line[size] = 0;
            size = 0;
            result = parse_mapping(line, address, found);
        }
    }
    close(maps);
    return result;
}

static const char *file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static uintptr_t program_counter(const void *context) {
    const ucontext_t *state = context;
#if defined(__x86_64__)
    return (uintptr_t)state->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (uintptr_t)state->uc_mcontext.pc;
#else
    (void)state;
    return 0;
#endif
}

/* Code of this program or of the system's own libraries, which run for everybody. */
static int belongs_to_nobody(const mapping *code) {
    mapping own;
    const char *name = file_name(code->path);
    if (find_mapping((uintptr_t)(void *)belongs_to_nobody, &own) && strcmp(own.path, code->path) == 0) return 1;
    return strncmp(name, "libc.so", 7) == 0 || strncmp(name, "libc-", 5) == 0 || strncmp(name, "ld-linux", 8) == 0 ||
           strncmp(name, "libpthread", 10) == 0 || strncmp(name, "libswift", 8) == 0 ||
           strncmp(name, "libFoundation", 13) == 0 || strncmp(name, "lib_Foundation", 14) == 0;
}

/* `node N: plugin P/C (PHASE)`, as every error of dmt begins. */
static void add_place(text *line, const dmt_activity *activity) {
    const dmt_call_site *site = activity->site;
    if (activity->node) {
        add(line, "node ");
        add(line, activity->node);
        add(line, ": ");
    }
    add(line, "plugin ");
    add(line, site->plugin);
    if (site->component) {
        add(line, "/");
        add(line, site->component);
    }
    add(line, " (");
    add(line, activity->phase);
    add(line, ")");
}

static void report(const char *name, int has_address, uintptr_t address, const mapping *code, const dmt_activity *own) {
    text line;
    line.size = 0;
    if (is_on_terminal) add(&line, "\n"); /* there may be a line of progress */
    const dmt_activity *told = own;
    for (int i = 0; !told && i < SLOTS; i++) {
        const dmt_activity *other = __atomic_load_n(&slots[i], __ATOMIC_ACQUIRE);
        if (other && other->site) told = other;
    }
    if (!told) return;
    add_place(&line, told);
    add(&line, ": error: ");
    add(&line, own ? "the plugin crashed (" : "a thread that dmt did not start crashed meanwhile (");
    add(&line, name);
    if (has_address) {
        add(&line, " at address ");
        add_hex(&line, address);
    }
    add(&line, ")");
    if (code) {
        add(&line, " in ");
        add(&line, file_name(code->path));
        add(&line, "+");
        add_hex(&line, code->offset);
    }
    add(&line, "\n  fix: a defect of the plugin or of the library under it: report this to its author");
    if (*advice) {
        add(&line, "; ");
        add(&line, advice);
    }
    if (line.size == sizeof line.bytes) line.size--;
    line.bytes[line.size++] = '\n';
    for (size_t done = 0; done < line.size;) {
        ssize_t count = write(2, line.bytes + done, line.size - done);
        if (count <= 0) break;
        done += (size_t)count;
    }
}

static int someone_is_in_a_plugin(void) {
    for (int i = 0; i < SLOTS; i++) {
        const dmt_activity *other = __atomic_load_n(&slots[i], __ATOMIC_ACQUIRE);
        if (other && other->site) return 1;
    }
    return 0;
}

static void on_fatal(int number, siginfo_t *info, void *context) {
    int index = 0;
    while (index < FATAL_COUNT - 1 && fatal[index].number != number) index++;
    /* A signal that another process sent says nothing about what runs here. */
    int is_sent = info->si_code <= 0;
    int is_ours = !is_sent || info->si_pid == getpid();
    const dmt_activity *own = dmt_activity_here.site ? &dmt_activity_here : NULL;
    mapping code;
    int has_code = find_mapping(program_counter(context), &code);
    int is_foreign = !own && !is_sent && has_code && !belongs_to_nobody(&code) && someone_is_in_a_plugin();
    if (is_ours && (own || is_foreign)) {
        int expected = 0;
        /* The first to crash tells; another thread that crashes meanwhile waits for the end. */
        if (!__atomic_compare_exchange_n(&reporting, &expected, 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            for (;;) pause();
        }
        int has_address = !is_sent && (number == SIGSEGV || number == SIGBUS);
        /* Of abort, the place would be in the C library. */
        const mapping *place = has_code && !is_sent ? &code : NULL;
        report(fatal[index].name, has_address, (uintptr_t)info->si_addr, place, own);
        _exit(exit_status);
    }
    /* Not a plugin's: what was there before takes over. A fault happens again on return; what was sent is sent again. */
    sigaction(number, &before[index], NULL);
    if (is_sent) raise(number);
}

void dmt_crash_report_install(int32_t exit_code) {
    exit_status = exit_code;
    is_on_terminal = isatty(2);
    dmt_crash_stack_make();
    for (int i = 0; i < FATAL_COUNT; i++) {
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_sigaction = on_fatal;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        sigemptyset(&action.sa_mask);
        struct sigaction found;
        sigaction(fatal[i].number, &action, &found);
        /* Installed a second time, because a library took the signals: never itself before itself. */
        if (!(found.sa_flags & SA_SIGINFO) || found.sa_sigaction != on_fatal) before[i] = found;
    }
}

void dmt_crash_report_renew(void) {
    if (exit_status) dmt_crash_report_install(exit_status);
}

void dmt_crash_report_advise(const char *given) {
    size_t size = strlen(given);
    if (size >= sizeof advice) size = sizeof advice - 1;
    memcpy(advice, given, size);
    advice[size] = 0;
}

/* Stacks. */

#define STACK_BYTES (64 << 10)
static _Thread_local void *stack;

void dmt_crash_stack_make(void) {
    if (stack) return;
    void *memory = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    stack_t made = {.ss_sp = memory, .ss_flags = 0, .ss_size = STACK_BYTES};
    if (sigaltstack(&made, NULL) == 0) stack = memory;
    else munmap(memory, STACK_BYTES);
}

void dmt_crash_stack_free(void) {
    if (!stack) return;
    stack_t none = {.ss_sp = NULL, .ss_flags = SS_DISABLE, .ss_size = 0};
    sigaltstack(&none, NULL);
    munmap(stack, STACK_BYTES);
    stack = NULL;
}

void dmt_crash_signals_remove(void *set) {
    for (int i = 0; i < FATAL_COUNT; i++) sigdelset((sigset_t *)set, fatal[i].number);
}
