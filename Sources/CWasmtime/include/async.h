#ifndef CWASMTIME_ASYNC_H
#define CWASMTIME_ASYNC_H

#include "linker.h"

/// A call that is run by polling it. Everything it was given must stay where it is until it is deleted, and
/// polling it again after it returned true aborts the process.
typedef struct wasmtime_call_future wasmtime_call_future_t;

bool wasmtime_call_future_poll(wasmtime_call_future_t *_Nonnull);
void wasmtime_call_future_delete(wasmtime_call_future_t *_Nonnull);

wasmtime_call_future_t *_Nonnull wasmtime_func_call_async(
    wasmtime_context_t *_Nonnull, const wasmtime_func_t *_Nonnull, const wasmtime_val_t *_Nullable arguments,
    size_t argument_count, wasmtime_val_t *_Nullable results, size_t result_count,
    wasm_trap_t *_Nullable *_Nonnull trap, wasmtime_error_t *_Nullable *_Nonnull error);
wasmtime_call_future_t *_Nonnull wasmtime_instance_pre_instantiate_async(
    const wasmtime_instance_pre_t *_Nonnull, wasmtime_context_t *_Nonnull, wasmtime_instance_t *_Nonnull out,
    wasm_trap_t *_Nullable *_Nonnull trap, wasmtime_error_t *_Nullable *_Nonnull error);

/// Makes the store yield, instead of trap, each time `ticks` epochs have passed.
void wasmtime_context_epoch_deadline_async_yield_and_update(wasmtime_context_t *_Nonnull, uint64_t ticks);

/// What an asynchronous host function leaves behind: `callback` is asked at each poll and returns true when the
/// results are written. A continuation without a callback aborts the process.
typedef struct wasmtime_async_continuation_t {
    bool (*_Nonnull callback)(void *_Nullable env);
    void *_Nullable env;
    void (*_Nullable finalizer)(void *_Nullable env);
} wasmtime_async_continuation_t;

typedef void (*wasmtime_func_async_callback_t)(
    void *_Nullable env, wasmtime_caller_t *_Nonnull, const wasmtime_val_t *_Nullable arguments,
    size_t argument_count, wasmtime_val_t *_Nullable results, size_t result_count,
    wasm_trap_t *_Nullable *_Nonnull trap, wasmtime_async_continuation_t *_Nonnull continuation);

/// Owns `data` as `wasmtime_linker_define_func_unchecked` does.
wasmtime_error_t *_Nullable wasmtime_linker_define_async_func(
    wasmtime_linker_t *_Nonnull, const char *_Nullable module, size_t module_length, const char *_Nullable name,
    size_t name_length, const wasm_functype_t *_Nonnull, wasmtime_func_async_callback_t _Nonnull callback,
    void *_Nullable data, void (*_Nullable finalizer)(void *_Nullable));

#endif
