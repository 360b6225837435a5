import CWasmtime

/// A compiler and the settings that its modules, linkers and stores share.
///
/// An engine is shared by all threads; most services need one. Its epoch is the clock by which guests are interrupted.
@safe  // The pointer is its own, from `init` to `deinit`.
public final class Engine: Sendable {
    /// The major version of libwasmtime that this library works with. Compiled modules of one are of no use to another.
    public static var libraryMajorVersion: Int { Int(AIRLOCK_WASMTIME_MAJOR_VERSION) }

    /// The settings that the engine was made with.
    public let configuration: EngineConfiguration

    /// The engine itself, deleted in `deinit`. The C library documents engines as safe to use from any thread.
    nonisolated(unsafe) let pointer: OpaquePointer

    /// Makes an engine.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/configuration`` when a setting is out of
    ///   range or contradicts another one, or ``WasmtimeError/Code-swift.struct/unsupportedLibrary`` when the loaded
    ///   libwasmtime is of another major version.
    public init(_ configuration: EngineConfiguration = EngineConfiguration()) throws(WasmtimeError) {
        guard airlock_wasmtime_version_matches() else {
            throw WasmtimeError(
                .unsupportedLibrary, "the loaded libwasmtime is not version \(AIRLOCK_WASMTIME_MAJOR_VERSION)")
        }
        try configuration.validate()
        guard let engine = unsafe wasm_engine_new_with_config(configuration.makeEngineConfiguration()) else {
            throw WasmtimeError(.configuration, "the engine could not be made")
        }
        unsafe pointer = engine
        self.configuration = configuration
    }

    deinit {
        unsafe wasm_engine_delete(pointer)
    }

    /// Moves the engine's epoch by one tick. Guests whose deadline has come are interrupted at their next loop
    /// iteration or function call. It may be called on any thread and takes nanoseconds.
    public func incrementEpoch() {
        unsafe wasmtime_engine_increment_epoch(pointer)
    }
}

extension EngineConfiguration {
    /// The engine's object for settings that are valid; `wasm_engine_new_with_config` takes it.
    fileprivate func makeEngineConfiguration() -> OpaquePointer {
        let config = unsafe wasm_config_new()
        unsafe wasmtime_config_consume_fuel_set(config, fuel)
        unsafe wasmtime_config_epoch_interruption_set(config, epochs)
        unsafe wasmtime_config_async_stack_size_set(config, asyncStackSize)
        unsafe wasmtime_config_max_wasm_stack_set(config, maxWasmStack)
        if let memoryReservation {
            unsafe wasmtime_config_memory_reservation_set(config, UInt64(memoryReservation))
        }
        if let memoryGuardSize {
            unsafe wasmtime_config_memory_guard_size_set(config, UInt64(memoryGuardSize))
        }
        unsafe wasmtime_config_cranelift_opt_level_set(config, optimization.level)
        unsafe wasmtime_config_parallel_compilation_set(config, parallelCompilation)
        unsafe wasmtime_config_cranelift_nan_canonicalization_set(config, isDeterministic)
        unsafe wasmtime_config_wasm_relaxed_simd_deterministic_set(config, isDeterministic)
        unsafe setFeatures(config)
        if case .pooling(let limits) = allocation {
            unsafe setPooling(limits, config)
        }
        return unsafe config
    }

    private func setFeatures(_ config: OpaquePointer) {
        unsafe wasmtime_config_wasm_multi_value_set(config, features.contains(.multiValue))
        unsafe wasmtime_config_wasm_bulk_memory_set(config, features.contains(.bulkMemory))
        unsafe wasmtime_config_wasm_reference_types_set(config, features.contains(.referenceTypes))
        unsafe wasmtime_config_wasm_function_references_set(config, features.contains(.functionReferences))
        unsafe wasmtime_config_wasm_tail_call_set(config, features.contains(.tailCalls))
        unsafe wasmtime_config_wasm_exceptions_set(config, features.contains(.exceptions))
        unsafe wasmtime_config_wasm_simd_set(config, features.contains(.simd))
        unsafe wasmtime_config_wasm_relaxed_simd_set(config, features.contains(.relaxedSIMD))
        unsafe wasmtime_config_wasm_multi_memory_set(config, features.contains(.multiMemory))
        unsafe wasmtime_config_wasm_memory64_set(config, features.contains(.memory64))
        unsafe wasmtime_config_wasm_threads_set(config, features.contains(.threads))
        unsafe wasmtime_config_shared_memory_set(config, features.contains(.threads))
        unsafe wasmtime_config_wasm_gc_set(config, features.contains(.garbageCollection))
        unsafe wasmtime_config_wasm_custom_page_sizes_set(config, features.contains(.customPageSizes))
        unsafe wasmtime_config_wasm_stack_switching_set(config, features.contains(.stackSwitching))
        unsafe wasmtime_config_wasm_wide_arithmetic_set(config, features.contains(.wideArithmetic))
        // A stream or a future that reached the host would abort the process.
        unsafe wasmtime_config_wasm_component_model_async_set(config, false)
    }

    private func setPooling(_ limits: PoolingLimits, _ config: OpaquePointer) {
        let pool = unsafe wasmtime_pooling_allocation_config_new()
        defer { unsafe wasmtime_pooling_allocation_config_delete(pool) }
        unsafe wasmtime_pooling_allocation_config_total_core_instances_set(pool, limits.instances)
        unsafe wasmtime_pooling_allocation_config_total_component_instances_set(pool, limits.instances)
        unsafe wasmtime_pooling_allocation_config_total_memories_set(pool, limits.memories)
        unsafe wasmtime_pooling_allocation_config_total_tables_set(pool, limits.tables)
        unsafe wasmtime_pooling_allocation_config_total_stacks_set(pool, limits.stacks)
        unsafe wasmtime_pooling_allocation_config_total_gc_heaps_set(pool, limits.instances)
        unsafe wasmtime_pooling_allocation_config_max_memories_per_module_set(pool, limits.memoriesPerModule)
        unsafe wasmtime_pooling_allocation_config_max_tables_per_module_set(pool, limits.tablesPerModule)
        unsafe wasmtime_pooling_allocation_config_max_core_instance_size_set(pool, limits.instanceBytes)
        unsafe wasmtime_pooling_allocation_config_max_memory_size_set(pool, limits.memoryBytes)
        unsafe wasmtime_pooling_allocation_config_table_elements_set(pool, limits.tableElements)
        unsafe wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool, limits.memoryKeepResident)
        unsafe wasmtime_pooling_allocation_config_table_keep_resident_set(pool, limits.tableKeepResident)
        unsafe wasmtime_pooling_allocation_config_async_stack_keep_resident_set(pool, limits.stackKeepResident)
        // Slots that served a module stay warm for it.
        unsafe wasmtime_pooling_allocation_config_max_unused_warm_slots_set(pool, limits.memories)
        unsafe wasmtime_pooling_allocation_strategy_set(config, pool)
    }
}

extension EngineConfiguration.Optimization {
    fileprivate var level: wasmtime_opt_level_t {
        switch self {
        case .none: wasmtime_opt_level_t(WASMTIME_OPT_LEVEL_NONE)
        case .speed: wasmtime_opt_level_t(WASMTIME_OPT_LEVEL_SPEED)
        case .speedAndSize: wasmtime_opt_level_t(WASMTIME_OPT_LEVEL_SPEED_AND_SIZE)
        }
    }
}
