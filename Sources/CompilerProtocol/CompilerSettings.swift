package import Wasmtime

/// The engine settings that decide how a module is compiled.
///
/// They must be the same on both sides: the engine refuses a compiled module that was made under others. Where instances come from
/// and on how many threads a module is compiled leaves no trace in it, so these two are set to what costs least.
package struct CompilerSettings: Sendable, Hashable {
    package let engine: EngineConfiguration

    package init(_ engine: EngineConfiguration) {
        var engine = engine
        engine.allocation = .onDemand
        // Each thread would reserve address space of its own, of which the process has little.
        engine.parallelCompilation = false
        self.engine = engine
    }

    /// How many words ``words`` are.
    package static let wordCount = 11

    /// All settings as numbers.
    package var words: [UInt64] {
        let optimization: UInt64 =
            switch engine.optimization {
            case .none: 0
            case .speed: 1
            case .speedAndSize: 2
            }
        return [
            engine.fuel ? 1 : 0,
            engine.epochs ? 1 : 0,
            UInt64(bitPattern: Int64(engine.maxWasmStack)),
            UInt64(bitPattern: Int64(engine.asyncStackSize)),
            engine.memoryReservation == nil ? 0 : 1,
            UInt64(bitPattern: Int64(engine.memoryReservation ?? 0)),
            engine.memoryGuardSize == nil ? 0 : 1,
            UInt64(bitPattern: Int64(engine.memoryGuardSize ?? 0)),
            optimization,
            UInt64(engine.features.rawValue),
            engine.isDeterministic ? 1 : 0,
        ]
    }

    /// The settings in words, or nil where the words are none.
    package init?(words: [UInt64]) {
        guard words.count == Self.wordCount,
            [0, 1, 4, 6, 10].allSatisfy({ words[$0] <= 1 }),
            let features = UInt32(exactly: words[9])
        else { return nil }
        let optimization: EngineConfiguration.Optimization
        switch words[8] {
        case 0: optimization = .none
        case 1: optimization = .speed
        case 2: optimization = .speedAndSize
        default: return nil
        }
        func number(_ index: Int) -> Int { Int(truncatingIfNeeded: words[index]) }
        self.init(
            EngineConfiguration(
                fuel: words[0] == 1,
                epochs: words[1] == 1,
                maxWasmStack: number(2),
                asyncStackSize: number(3),
                memoryReservation: words[4] == 1 ? number(5) : nil,
                memoryGuardSize: words[6] == 1 ? number(7) : nil,
                optimization: optimization,
                features: WasmFeatures(rawValue: features),
                isDeterministic: words[10] == 1
            )
        )
    }
}
