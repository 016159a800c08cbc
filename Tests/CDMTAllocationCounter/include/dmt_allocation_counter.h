/// Counts the heap allocations of a test program, on all of its threads.
///
/// The target defines malloc and its kin; linked into a program, they take the C library's place for every library in the
/// process, plugins that are opened later included. While nobody counts they only pass calls on.
#ifndef DMT_ALLOCATION_COUNTER_H
#define DMT_ALLOCATION_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Whether this C library's allocator can be counted; without it the counts are 0.
bool dmt_allocations_are_counted(void);

/// Begins to count, from 0.
///
/// Allocations of libraries whose file names begin as `apart` says, beginnings separated by colons, and of what they call,
/// are counted apart; NULL: of none. The text must stay where it is until the counting ends.
void dmt_allocations_begin(const char *apart);

/// Ends the counting and returns how many blocks were asked for since it began.
int64_t dmt_allocations_end(void);

/// How many blocks the libraries that are counted apart asked for in the last counting.
int64_t dmt_allocations_apart(void);

/// Writes to a file descriptor where the first allocations of the last counting came from: for each, its size, its thread
/// and the calls that led to it.
void dmt_allocations_report(int descriptor);

#ifdef __cplusplus
}
#endif

#endif
