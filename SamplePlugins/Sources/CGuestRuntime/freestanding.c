// The C functions that compiled Swift calls and that no C library provides here.
#if defined(__wasm__)
#include "CGuestRuntime.h"
#include "CProxyWasm.h"

// The builtins become the instructions memory.copy and memory.fill.
void *memcpy(void *to, const void *from, size_t count) { return __builtin_memcpy(to, from, count); }
void *memmove(void *to, const void *from, size_t count) { return __builtin_memmove(to, from, count); }
void *memset(void *to, int byte, size_t count) { return __builtin_memset(to, byte, count); }

int memcmp(const void *a, const void *b, size_t count) {
    const uint8_t *left = a, *right = b;
    for (size_t i = 0; i < count; i++) {
        if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
    }
    return 0;
}

// Seeds Swift's hashing, from the host's clock (SplitMix64). Never use it for secrets.
void arc4random_buf(void *buffer, size_t count) {
    static uint64_t state;
    if (!state) proxy_get_current_time_nanoseconds(&state);
    for (size_t i = 0; i < count; i++) {
        uint64_t mixed = (state += 0x9e3779b97f4a7c15u);
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
        ((uint8_t *)buffer)[i] = (uint8_t)(mixed >> 56);
    }
}

// `print` writes byte by byte; each line becomes one message at level info.
int putchar(int byte) {
    static uint8_t line[256];
    static size_t length;
    if (byte != '\n') line[length++] = (uint8_t)byte;
    if (byte == '\n' || length == sizeof line) {
        proxy_log(2, line, length);
        length = 0;
    }
    return byte;
}
#endif
