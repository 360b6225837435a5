import Wasmtime

/// The names of a module's functions, for backtraces (core specification 3.0, appendix "Custom Sections and Annotations", "Name Section").
///
/// The engine gets modules without them. It would write them into the text of every trap in full and demangled, and a name of 300 bytes
/// can be one that takes hours to demangle.
struct FunctionNames: Sendable {
    private struct Entry {
        let function: UInt32
        let start: Int
        let end: Int
    }

    /// Programs of 10 MB have less.
    private static let mostBytes = 4 << 20
    private static let longestName = 256

    private let bytes: [UInt8]
    /// In the order of their functions.
    private let entries: [Entry]

    /// Reads the names of a module that was validated; there are none where their section is malformed or larger than 4 MiB.
    /// - Parameter functions: how many functions the module has, at the most.
    init(of module: [UInt8], functions: Int) {
        let section = (try? ModuleContents.customSections(named: "name", in: module))?.first ?? []
        bytes = section.count <= Self.mostBytes ? Array(section) : []
        entries = Self.entries(bytes, functions: functions)
    }

    private static func entries(_ bytes: [UInt8], functions: Int) -> [Entry] {
        var entries: [Entry] = []
        do throws(ModuleBoundsViolation) {
            var reader = BinaryReader(bytes)
            while !reader.isAtEnd {
                let id = try reader.byte("a subsection")
                var names = try reader.range(of: reader.unsigned32("the size of a subsection"), "a subsection")
                guard id == 1 else { continue }
                for _ in 0..<(try names.unsigned32("the number of names")) {
                    let function = try names.unsigned32("the index of a function")
                    let length = try names.unsigned32("the length of a name")
                    let start = names.offset
                    try names.skip(Int(length), "a name")
                    guard function < functions, entries.last.map({ $0.function < function }) ?? true else { return [] }
                    entries.append(Entry(function: function, start: start, end: names.offset))
                }
            }
        } catch {
            return []
        }
        return entries
    }

    /// The name of the function with that index, its begin if it is long, fit for a log.
    subscript(function: UInt32) -> String? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].function < function { low = middle + 1 } else { high = middle }
        }
        guard low < entries.count, entries[low].function == function else { return nil }
        // The byte behind what is shown tells where the last character ends.
        let name = bytes[entries[low].start..<entries[low].end].prefix(Self.longestName + 1)
        return LogText.make(Array(name), atMost: Self.longestName).text
    }

    /// A trap whose frames have the names.
    func naming(_ trap: Trap) -> Trap {
        trap.namingFunctions { self[$0] }
    }
}
