// First-fit allocator over linear memory. Free blocks are kept in address order and joined with their neighbours, so
// memory is reused; new memory is asked for one page (64 KiB) at a time, only as many pages as the request lacks. Memory
// that stands at the host's cap therefore stands exactly there.
#include "CGuestRuntime.h"

#if defined(__wasm__)

#define PAGE 65536u

// A block is a row of 16-byte units; the first one is this header, the payload follows.
typedef struct block {
    size_t units;
    struct block *next;
    size_t padding[2];
} block;

extern char __heap_base;
static block *free_blocks;
static int is_started;

static void insert(block *added) {
    block *before = NULL, *after = free_blocks;
    while (after && after < added) {
        before = after;
        after = after->next;
    }
    if (after && added + added->units == after) {
        added->units += after->units;
        after = after->next;
    }
    added->next = after;
    if (before && before + before->units == added) {
        before->units += added->units;
        before->next = after;
    } else if (before) {
        before->next = added;
    } else {
        free_blocks = added;
    }
}

static void insert_range(uintptr_t start, uintptr_t end) {
    start = (start + sizeof(block) - 1) & ~(sizeof(block) - 1);
    if (end < start || end - start < 2 * sizeof(block)) return;
    block *added = (block *)start;
    added->units = (end - start) / sizeof(block);
    insert(added);
}

// Grows memory until a block of `units` exists at its end; what is free there already is counted in.
static int grow(size_t units) {
    block *last = free_blocks;
    while (last && last->next) last = last->next;
    uintptr_t end = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE;
    size_t available = last && (uintptr_t)(last + last->units) == end ? last->units : 0;
    size_t pages = ((units - available) * sizeof(block) + PAGE - 1) / PAGE;
    if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1) return 0;
    insert_range(end, end + pages * PAGE);
    return 1;
}

static block *take(size_t units) {
    for (block **link = &free_blocks; *link; link = &(*link)->next) {
        block *found = *link;
        if (found->units < units) continue;
        if (found->units == units) {
            *link = found->next;
        } else {
            block *rest = found + units;
            rest->units = found->units - units;
            rest->next = found->next;
            *link = rest;
            found->units = units;
        }
        return found;
    }
    return NULL;
}

void *guest_allocate(size_t size) {
    if (!is_started) {
        is_started = 1;
        insert_range((uintptr_t)&__heap_base, (uintptr_t)__builtin_wasm_memory_size(0) * PAGE);
    }
    if (size > SIZE_MAX / 2) return NULL;
    size_t units = 1 + (size + sizeof(block) - 1) / sizeof(block);
    block *taken = take(units);
    if (!taken && grow(units)) taken = take(units);
    return taken ? taken + 1 : NULL;
}

void guest_free(void *memory) {
    if (memory) insert((block *)memory - 1);
}

// Swift allocates through these two and does not look at the result: without memory the guest must stop here.
int posix_memalign(void **memory, size_t alignment, size_t size) {
    size_t slack = alignment > sizeof(block) ? alignment : 0;
    if (size > SIZE_MAX / 2 - slack) __builtin_trap();
    block *taken = guest_allocate(size + slack);
    if (!taken) __builtin_trap();
    block *aligned = slack ? (block *)(((uintptr_t)taken + alignment - 1) & ~(alignment - 1)) : taken;
    if (aligned != taken) {
        // The units before the aligned payload become a free block of their own.
        size_t front = (size_t)(aligned - taken);
        aligned[-1].units = taken[-1].units - front;
        taken[-1].units = front;
        insert(taken - 1);
    }
    *memory = aligned;
    return 0;
}

void free(void *memory) { guest_free(memory); }

#else
#include <stdlib.h>
void *guest_allocate(size_t size) { return malloc(size); }
void guest_free(void *memory) { free(memory); }
#endif
