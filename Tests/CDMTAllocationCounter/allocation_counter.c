#ifndef _GNU_SOURCE
#define _GNU_SOURCE  // dladdr
#endif
#include "dmt_allocation_counter.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if defined(__GLIBC__)

#include <execinfo.h>
#include <sys/syscall.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

enum { kept_traces = 16, kept_frames = 24 };

struct trace {
  void *frames[kept_frames];
  int depth;
  size_t size;
  long thread;
};

static atomic_bool counting;
static atomic_llong count;
static atomic_llong apart_count;
static const char *apart_names;
static struct trace traces[kept_traces];
// backtrace() may allocate; what it takes is not counted.
static _Thread_local bool inside;

// Whether a file name begins as one of those that are counted apart.
static bool is_named_apart(const char *file) {
  for (const char *name = apart_names; *name != 0;) {
    size_t length = strcspn(name, ":");
    if (length > 0 && strncmp(file, name, length) == 0) return true;
    name += length;
    if (*name == ':') name++;
  }
  return false;
}

// Whether one of the calls that led here is of a library that is counted apart.
static bool is_apart(void) {
  void *frames[kept_frames];
  int depth = backtrace(frames, kept_frames);
  for (int index = 0; index < depth; index++) {
    Dl_info info;
    if (dladdr(frames[index], &info) == 0 || info.dli_fname == NULL) continue;
    const char *slash = strrchr(info.dli_fname, '/');
    if (is_named_apart(slash == NULL ? info.dli_fname : slash + 1)) return true;
  }
  return false;
}

static void note(size_t size) {
  if (!atomic_load_explicit(&counting, memory_order_relaxed) || inside) return;
  inside = true;
  if (apart_names != NULL && is_apart()) {
    atomic_fetch_add_explicit(&apart_count, 1, memory_order_relaxed);
  } else {
    long long number = atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
    if (number < kept_traces) {
      struct trace *trace = &traces[number];
      trace->size = size;
      trace->thread = syscall(SYS_gettid);
      trace->depth = backtrace(trace->frames, kept_frames);
    }
  }
  inside = false;
}

void *malloc(size_t size) {
  note(size);
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  note(number * size);
  return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
  note(size);
  return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
  note(size);
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  note(size);
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
  if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) return EINVAL;
  note(size);
  void *found = __libc_memalign(alignment, size);
  if (found == NULL) return ENOMEM;
  *block = found;
  return 0;
}

bool dmt_allocations_are_counted(void) { return true; }

void dmt_allocations_begin(const char *apart) {
  // The first backtrace() of a process opens the unwinder's library.
  void *frames[4];
  backtrace(frames, 4);
  apart_names = apart;
  atomic_store(&count, 0);
  atomic_store(&apart_count, 0);
  atomic_store(&counting, true);
}

int64_t dmt_allocations_end(void) {
  atomic_store(&counting, false);
  return atomic_load(&count);
}

int64_t dmt_allocations_apart(void) { return atomic_load(&apart_count); }

void dmt_allocations_report(int descriptor) {
  long long kept = atomic_load(&count);
  if (kept > kept_traces) kept = kept_traces;
  for (long long index = 0; index < kept; index++) {
    dprintf(descriptor, "allocation %lld: %zu bytes on thread %ld\n", index, traces[index].size, traces[index].thread);
    backtrace_symbols_fd(traces[index].frames, traces[index].depth, descriptor);
  }
}

#else

bool dmt_allocations_are_counted(void) { return false; }
void dmt_allocations_begin(const char *apart) { (void)apart; }
int64_t dmt_allocations_end(void) { return 0; }
int64_t dmt_allocations_apart(void) { return 0; }
void dmt_allocations_report(int descriptor) { (void)descriptor; }

#endif
