#ifndef CWASMTIME_ENGINE_H
#define CWASMTIME_ENGINE_H

#include "base.h"

typedef struct wasm_config_t wasm_config_t;
typedef struct wasm_engine_t wasm_engine_t;
typedef struct wasmtime_pooling_allocation_config_t wasmtime_pooling_allocation_config_t;

/// Takes ownership of the configuration. Aborts the process when the configuration is invalid.
wasm_engine_t *_Nullable wasm_engine_new_with_config(wasm_config_t *_Nonnull);
void wasm_engine_delete(wasm_engine_t *_Nonnull);
void wasmtime_engine_increment_epoch(const wasm_engine_t *_Nonnull);

wasm_config_t *_Nonnull wasm_config_new(void);
void wasm_config_delete(wasm_config_t *_Nonnull);

// Metering and interruption
void wasmtime_config_consume_fuel_set(wasm_config_t *_Nonnull, bool);
void wasmtime_config_epoch_interruption_set(wasm_config_t *_Nonnull, bool);

// Stacks and memories
void wasmtime_config_max_wasm_stack_set(wasm_config_t *_Nonnull, size_t);
void wasmtime_config_async_stack_size_set(wasm_config_t *_Nonnull, size_t);
void wasmtime_config_memory_reservation_set(wasm_config_t *_Nonnull, uint64_t);
void wasmtime_config_memory_guard_size_set(wasm_config_t *_Nonnull, uint64_t);

// Compilation
typedef uint8_t wasmtime_opt_level_t;
#define WASMTIME_OPT_LEVEL_NONE 0
#define WASMTIME_OPT_LEVEL_SPEED 1
#define WASMTIME_OPT_LEVEL_SPEED_AND_SIZE 2

void wasmtime_config_cranelift_opt_level_set(wasm_config_t *_Nonnull, wasmtime_opt_level_t);
void wasmtime_config_parallel_compilation_set(wasm_config_t *_Nonnull, bool);
void wasmtime_config_cranelift_nan_canonicalization_set(wasm_config_t *_Nonnull, bool);

// WebAssembly proposals
void wasmtime_config_wasm_multi_value_set(wasm_config_t *_Nonnull, bool);
void wasmtime_config_wasm_bulk_memory_set(wasm_config_t *_Nonnull, bool);
void wasmtime_config_wasm_reference_types_set(wasm_config_t *_Nonnull, bool);
void wasmtime_config_wasm_function_references_set(wasm_config_t *_Nonnull, bool);
void wasmtime_config_wasm_tail_call_set(wasm_config_t *_Nonnull, bool);
void wasmtime_config_wasm_exceptions_set(wasm_config_t *_Nonnull, bool);
void wasmtime_config_wasm_simd_set(wasm_config_t *_Nonnull, bool);
void wasmtime_config_wasm_relaxed_simd_set(wasm_config_t *_Nonnull, bool);
void wasmtime_config_wasm_relaxed_simd_deterministic_set(wasm_config_t *_Nonnull, bool);
void wasmtime_config_wasm_multi_memory_set(wasm_config_t *_Nonnull, bool);
void wasmtime_config_wasm_memory64_set(wasm_config_t *_Nonnull, bool);
void wasmtime_config_wasm_threads_set(wasm_config_t *_Nonnull, bool);
void wasmtime_config_shared_memory_set(wasm_config_t *_Nonnull, bool);
void wasmtime_config_wasm_gc_set(wasm_config_t *_Nonnull, bool);
void wasmtime_config_wasm_custom_page_sizes_set(wasm_config_t *_Nonnull, bool);
void wasmtime_config_wasm_stack_switching_set(wasm_config_t *_Nonnull, bool);
void wasmtime_config_wasm_wide_arithmetic_set(wasm_config_t *_Nonnull, bool);
void wasmtime_config_wasm_component_model_async_set(wasm_config_t *_Nonnull, bool);

// Pooling allocation
wasmtime_pooling_allocation_config_t *_Nonnull wasmtime_pooling_allocation_config_new(void);
void wasmtime_pooling_allocation_config_delete(wasmtime_pooling_allocation_config_t *_Nonnull);
void wasmtime_pooling_allocation_strategy_set(
    wasm_config_t *_Nonnull, const wasmtime_pooling_allocation_config_t *_Nonnull);

void wasmtime_pooling_allocation_config_total_core_instances_set(
    wasmtime_pooling_allocation_config_t *_Nonnull, uint32_t);
void wasmtime_pooling_allocation_config_total_component_instances_set(
    wasmtime_pooling_allocation_config_t *_Nonnull, uint32_t);
void wasmtime_pooling_allocation_config_total_memories_set(wasmtime_pooling_allocation_config_t *_Nonnull, uint32_t);
void wasmtime_pooling_allocation_config_total_tables_set(wasmtime_pooling_allocation_config_t *_Nonnull, uint32_t);
void wasmtime_pooling_allocation_config_total_stacks_set(wasmtime_pooling_allocation_config_t *_Nonnull, uint32_t);
void wasmtime_pooling_allocation_config_total_gc_heaps_set(wasmtime_pooling_allocation_config_t *_Nonnull, uint32_t);
void wasmtime_pooling_allocation_config_max_memories_per_module_set(
    wasmtime_pooling_allocation_config_t *_Nonnull, uint32_t);
void wasmtime_pooling_allocation_config_max_tables_per_module_set(
    wasmtime_pooling_allocation_config_t *_Nonnull, uint32_t);
void wasmtime_pooling_allocation_config_max_core_instance_size_set(
    wasmtime_pooling_allocation_config_t *_Nonnull, size_t);
void wasmtime_pooling_allocation_config_max_memory_size_set(wasmtime_pooling_allocation_config_t *_Nonnull, size_t);
void wasmtime_pooling_allocation_config_table_elements_set(wasmtime_pooling_allocation_config_t *_Nonnull, size_t);
void wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(
    wasmtime_pooling_allocation_config_t *_Nonnull, size_t);
void wasmtime_pooling_allocation_config_table_keep_resident_set(
    wasmtime_pooling_allocation_config_t *_Nonnull, size_t);
void wasmtime_pooling_allocation_config_async_stack_keep_resident_set(
    wasmtime_pooling_allocation_config_t *_Nonnull, size_t);
void wasmtime_pooling_allocation_config_max_unused_warm_slots_set(
    wasmtime_pooling_allocation_config_t *_Nonnull, uint32_t);

#endif
