#ifndef CWASMTIME_STORE_H
#define CWASMTIME_STORE_H

#include "engine.h"
#include "errors.h"

typedef struct wasmtime_store wasmtime_store_t;
/// The inside of a store; the pointer is the same for the whole life of the store.
typedef struct wasmtime_context wasmtime_context_t;

wasmtime_store_t *_Nonnull wasmtime_store_new(
    wasm_engine_t *_Nonnull, void *_Nullable data, void (*_Nullable finalizer)(void *_Nullable));
void wasmtime_store_delete(wasmtime_store_t *_Nonnull);
wasmtime_context_t *_Nonnull wasmtime_store_context(wasmtime_store_t *_Nonnull);
void *_Nullable wasmtime_context_get_data(const wasmtime_context_t *_Nonnull);
void wasmtime_context_set_data(wasmtime_context_t *_Nonnull, void *_Nullable data);

/// A negative number keeps the engine's own limit.
void wasmtime_store_limiter(
    wasmtime_store_t *_Nonnull, int64_t memory_bytes, int64_t table_elements, int64_t instances, int64_t tables,
    int64_t memories);

wasmtime_error_t *_Nullable wasmtime_context_set_fuel(wasmtime_context_t *_Nonnull, uint64_t fuel);
wasmtime_error_t *_Nullable wasmtime_context_get_fuel(const wasmtime_context_t *_Nonnull, uint64_t *_Nonnull fuel);
typedef uint8_t wasmtime_update_deadline_kind_t;
#define WASMTIME_UPDATE_DEADLINE_CONTINUE 0

/// Called on the guest's thread, inside of the guest's call, when its epoch deadline has come. An error that it returns ends the
/// guest; otherwise the guest goes on for `delta` ticks more.
typedef wasmtime_error_t *_Nullable (*airlock_epoch_callback)(
    wasmtime_context_t *_Nonnull, void *_Nullable data, uint64_t *_Nonnull delta,
    wasmtime_update_deadline_kind_t *_Nonnull kind);
void wasmtime_store_epoch_deadline_callback(
    wasmtime_store_t *_Nonnull, airlock_epoch_callback _Nonnull, void *_Nullable data,
    void (*_Nullable finalizer)(void *_Nullable));
void wasmtime_context_set_epoch_deadline(wasmtime_context_t *_Nonnull, uint64_t ticks_beyond_current);

#endif
