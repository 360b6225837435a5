// The processor's time-stamp counter, which Swift has no intrinsic for. Where it ticks at one pace on all cores, reading it
// twice costs a third of what reading the system's clock twice does.
#ifndef CLIBUV_CYCLES_H
#define CLIBUV_CYCLES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if defined(__linux__) && defined(__x86_64__)

static inline uint64_t airlock_cycles(void) {
    return __builtin_ia32_rdtsc();
}

// Linux keeps its own time by the counter only after it found it steady and the same on all cores.
static inline bool airlock_cycles_are_steady(void) {
    char name[16] = "";
    FILE *file = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
    if (file == NULL) return false;
    bool is_read = fgets(name, sizeof name, file) != NULL;
    fclose(file);
    return is_read && strcmp(name, "tsc\n") == 0;
}

#elif defined(__linux__) && defined(__aarch64__)

// The generic timer's virtual count: Arm Architecture Reference Manual, CNTVCT_EL0; its pace is fixed by the architecture.
static inline uint64_t airlock_cycles(void) {
    uint64_t count;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
    return count;
}

static inline bool airlock_cycles_are_steady(void) {
    return true;
}

#else

static inline uint64_t airlock_cycles(void) {
    return 0;
}

static inline bool airlock_cycles_are_steady(void) {
    return false;
}

#endif
#endif
