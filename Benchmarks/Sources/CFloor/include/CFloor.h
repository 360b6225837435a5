// What the same work costs in C, through the same engine library: the floor that the Swift code is measured against.
#ifndef CFLOOR_H
#define CFLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// An engine with fuel and epochs on, a module compiled from text, and one instance of it. The module may import
// `host.add` of the type (i32, i32) -> i32. Pooled or not, as an engine is.
typedef struct floor_guest floor_guest_t;

floor_guest_t *_Nullable floor_guest_new(const char *_Nonnull wat, bool pooled);
void floor_guest_delete(floor_guest_t *_Nonnull);

// Calls the export `name` of the type (i32, i32) -> i32 `count` times, unchecked; returns the last result.
int32_t floor_guest_call_pairs(floor_guest_t *_Nonnull, const char *_Nonnull name, size_t count);

// Calls the export `name` of the type (i32) -> i32 once, unchecked.
int32_t floor_guest_call(floor_guest_t *_Nonnull, const char *_Nonnull name, int32_t argument);

// Makes a store with an instance in it and frees both, `count` times; returns how many were made.
size_t floor_guest_instantiate(floor_guest_t *_Nonnull, size_t count);

// Two threads that wake each other through one eventfd each, `count` times there and back; false where that failed.
bool floor_ping_pong(size_t count);

#endif
