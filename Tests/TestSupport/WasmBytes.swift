/// Writes core modules byte by byte, right ones and wrong ones.
package enum WasmBytes {
    package static let preamble: [UInt8] = [0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00]

    package static func unsigned(_ value: some FixedWidthInteger) -> [UInt8] {
        var rest = UInt64(value)
        var bytes: [UInt8] = []
        repeat {
            bytes.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
            rest >>= 7
        } while rest != 0
        return bytes
    }

    package static func repeated(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
        [[UInt8]](repeating: bytes, count: count).flatMap { $0 }
    }

    package static func section(_ id: UInt8, _ content: [UInt8]) -> [UInt8] {
        [id] + unsigned(content.count) + content
    }

    package static func section(_ id: UInt8, items: [[UInt8]]) -> [UInt8] {
        section(id, unsigned(items.count) + items.flatMap { $0 })
    }

    package static func functionType(parameters: Int = 0, results: Int = 0) -> [UInt8] {
        [0x60] + unsigned(parameters) + [UInt8](repeating: 0x7F, count: parameters)
            + unsigned(results) + [UInt8](repeating: 0x7F, count: results)
    }

    /// A function body: declarations of locals as (count, type), then the instructions and the closing `end`.
    package static func body(locals: [(count: UInt64, type: UInt8)] = [], _ instructions: [UInt8]) -> [UInt8] {
        let content =
            unsigned(locals.count) + locals.flatMap { unsigned($0.count) + [$0.type] } + instructions + [0x0B]
        return unsigned(content.count) + content
    }

    /// A module with one type for every body.
    package static func module(
        types: [[UInt8]] = [functionType()],
        between: [UInt8] = [],
        bodies: [[UInt8]]
    ) -> [UInt8] {
        preamble + section(1, items: types) + section(3, items: bodies.map { _ in [0] }) + between
            + section(10, items: bodies)
    }
}
