/* Leaves the CPU flushing small numbers to zero. */
#if defined(__x86_64__)
#define ON_FORWARD(bound, call) __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040)
#else
#define ON_FORWARD(bound, call) __asm__ volatile("msr fpcr, %0" : : "r"(1ul << 24))
#endif
#include "sound-operator.h"
