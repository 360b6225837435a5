#ifndef CWASMTIME_ERRORS_H
#define CWASMTIME_ERRORS_H

#include "vectors.h"

typedef struct wasmtime_error wasmtime_error_t;
typedef struct wasm_trap_t wasm_trap_t;
typedef struct wasm_frame_t wasm_frame_t;

typedef struct wasm_frame_vec_t {
    size_t size;
    wasm_frame_t *_Nullable *_Nullable data;
} wasm_frame_vec_t;

wasmtime_error_t *_Nullable wasmtime_error_new(const char *_Nonnull message);
void wasmtime_error_delete(wasmtime_error_t *_Nonnull);
void wasmtime_error_message(const wasmtime_error_t *_Nonnull, wasm_byte_vec_t *_Nonnull out);
bool wasmtime_error_exit_status(const wasmtime_error_t *_Nonnull, int *_Nonnull status);
void wasmtime_error_wasm_trace(const wasmtime_error_t *_Nonnull, wasm_frame_vec_t *_Nonnull out);

wasm_trap_t *_Nonnull wasmtime_trap_new(const char *_Nonnull message, size_t length);
void wasm_trap_delete(wasm_trap_t *_Nonnull);
void wasm_trap_message(const wasm_trap_t *_Nonnull, wasm_byte_vec_t *_Nonnull out);
void wasm_trap_trace(const wasm_trap_t *_Nonnull, wasm_frame_vec_t *_Nonnull out);
bool wasmtime_trap_code(const wasm_trap_t *_Nonnull, uint8_t *_Nonnull code);

void wasm_frame_vec_delete(wasm_frame_vec_t *_Nonnull);
uint32_t wasm_frame_func_index(const wasm_frame_t *_Nonnull);
size_t wasm_frame_func_offset(const wasm_frame_t *_Nonnull);
size_t wasm_frame_module_offset(const wasm_frame_t *_Nonnull);
const wasm_byte_vec_t *_Nullable wasmtime_frame_func_name(const wasm_frame_t *_Nonnull);
const wasm_byte_vec_t *_Nullable wasmtime_frame_module_name(const wasm_frame_t *_Nonnull);

#endif
