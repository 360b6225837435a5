// What a guest needs below Swift: an allocator, and the way to the code under `@main`.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Returns `size` bytes, 16-byte aligned, or null when the host lets linear memory grow no further.
void *_Nullable guest_allocate(size_t size);

/// Gives back what `guest_allocate` returned. Null is allowed.
void guest_free(void *_Nullable memory);

#if defined(__wasm__)
/// The entry point that the compiler makes from `@main`.
int32_t guest_main(int32_t argument_count, void *_Nullable arguments) __asm__("__main_argc_argv");
#endif
