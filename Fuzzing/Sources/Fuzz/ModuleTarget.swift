import Wasmtime

@testable import Airlock

/// The check of a module's bounds and the edit of its memories.
///
/// The last byte chooses the memory limit.
struct ModuleTarget: FuzzTarget {
    private let engine: Engine
    private let bounds: ModuleBounds
    /// For what was edited, which holds a little more than the bounds allow.
    private let wider: ModuleBounds

    init() throws {
        engine = try Engine(EngineConfiguration(features: WasmFeatures.standard.union(.multiMemory)))
        var bounds = ModuleBounds()
        bounds.memories = 8
        self.bounds = bounds
        bounds.types += 1
        bounds.functions += bounds.memories
        bounds.globals += 1
        bounds.exports += bounds.memories + 2
        bounds.moduleBytes *= 5
        bounds.codeBytes *= 5
        bounds.functionBodyBytes *= 5
        // A call is estimated at more than the instruction that it replaces.
        bounds.trackedValuesPerFunction = .max
        bounds.trackedValues = .max
        wider = bounds
    }

    func seeds() throws -> [[UInt8]] {
        try ModuleSeeds.texts.enumerated().map { index, text in
            try Module.binary(ofWAT: text) + [UInt8(truncatingIfNeeded: 3 * index)]
        }
    }

    func run(_ input: [UInt8]) {
        guard let pages = input.last else { return }
        let original = Array(input.dropLast())
        let isValid = (try? Module.validate(original, engine: engine)) != nil
        let edited: EditedModule
        do throws(ModuleBoundsViolation) {
            edited = try EditedModule(original, bounds: bounds, memoryLimit: Int(pages) << 16)
        } catch {
            if isValid, case .malformed = error { violated("what the engine takes is not malformed: \(error)") }
            return
        }
        check(edited, original, pages: UInt64(pages), isValid: isValid)
        checkContents(of: original, edited.inspection, isValid: isValid)
    }

    /// What is read for people agrees with what was counted.
    private func checkContents(of original: [UInt8], _ inspection: ModuleInspection, isValid: Bool) {
        do throws(ModuleBoundsViolation) {
            let contents = try ModuleContents(original, bounds: bounds)
            guard contents.imports.count == inspection.imports, contents.exports.count == inspection.exports,
                contents.memories.count == inspection.memories
            else { violated("the counts are the same: \(inspection), \(contents)") }
        } catch {
            if isValid, case .malformed = error { violated("what the engine takes has contents: \(error)") }
        }
    }

    private func check(_ edited: EditedModule, _ original: [UInt8], pages: UInt64, isValid: Bool) {
        // A memory.grow of two bytes becomes a call of at most six, and a byte of size at most five.
        guard edited.bytes.count <= 5 * original.count + 1_000 else {
            violated("\(original.count) bytes became \(edited.bytes.count)")
        }
        let outline: ModuleOutline
        do throws(ModuleBoundsViolation) {
            outline = try wider.walk(edited.bytes).outline
        } catch {
            violated("what was edited can be read again: \(error)")
        }
        let most = outline.memories.reduce(UInt64(0)) { $0 + ($1.maximum ?? 65_536) }
        let initial = outline.memories.reduce(UInt64(0)) { $0 + $1.minimum }
        guard most == edited.hostExports.mostPages, most <= max(pages, initial),
            initial == edited.hostExports.initialPages
        else {
            violated("\(initial) to \(most) pages with a limit of \(pages): \(edited.hostExports)")
        }
        guard outline.section(8) == nil else { violated("nothing is started") }
        guard isValid else { return }
        do throws(WasmtimeError) {
            try Module.validate(edited.bytes, engine: engine)
        } catch {
            violated("what was edited is as valid as before: \(error)")
        }
    }
}
