import TestSupport
/// A random module in text: functions that grow memories in nested control flow.
///
/// Its export `run` answers a number that depends on everything that growing answered, and for each memory N the global `refusedN`
/// counts how often growth was refused, as the guest sees it.
struct RandomModule {
    var memories: [(initial: Int, maximum: Int?, isExported: Bool)]
    private let functions: [String]
    private let hasImport: Bool

    init(_ generator: inout SplitMix) {
        memories = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
            let initial = Int.random(in: 0...3, using: &generator)
            let maximum = Bool.random(using: &generator) ? initial + Int.random(in: 0...6, using: &generator) : nil
            return (initial, maximum, Bool.random(using: &generator))
        }
        hasImport = Bool.random(using: &generator)
        var functions: [String] = []
        for index in 0..<Int.random(in: 1...6, using: &generator) {
            functions.append(Self.expression(4, memories.count, callees: index, &generator))
        }
        self.functions = functions
    }

    /// The module's text.
    /// - Parameter maxima: maximum sizes instead of those that the memories have.
    func text(maxima: [UInt64]? = nil) -> String {
        var lines = ["(type $t (func (param i32) (result i32)))"]
        if hasImport { lines.append("(import \"host\" \"twice\" (func (type $t)))") }
        for (index, memory) in memories.enumerated() {
            let maximum = maxima.map { "\($0[index])" } ?? memory.maximum.map { "\($0)" } ?? ""
            let export = memory.isExported ? "(export \"m\(index)\")" : ""
            lines.append("(memory $m\(index) \(export) \(memory.initial) \(maximum))")
            lines.append("(global $refused\(index) (export \"refused\(index)\") (mut i32) (i32.const 0))")
            lines.append(
                """
                (func $note\(index) (type $t)
                  (if (i32.eq (local.get 0) (i32.const -1))
                    (then (global.set $refused\(index) (i32.add (global.get $refused\(index)) (i32.const 1)))))
                  (local.get 0))
                """
            )
        }
        lines.append("(tag $e (param i32))")
        lines.append("(table \(functions.count) funcref) (elem (i32.const 0)")
        lines.append(functions.indices.map { " $f\($0)" }.joined() + ")")
        for (index, body) in functions.enumerated() {
            lines.append("(func $f\(index) (type $t) \(body))")
        }
        lines.append("(func (export \"run\") (param i32) (result i32) (call $f\(functions.count - 1) (local.get 0)))")
        return "(module \(lines.joined(separator: "\n")))"
    }

    /// An expression of type i32.
    private static func expression(
        _ depth: Int,
        _ memories: Int,
        callees: Int,
        _ generator: inout SplitMix
    ) -> String {
        func next() -> String { expression(depth - 1, memories, callees: callees, &generator) }
        let memory = Int.random(in: 0..<memories, using: &generator)
        guard depth > 0 else {
            return ["(i32.const \(memory + 1))", "(local.get 0)", "(memory.size $m\(memory))"].randomElement(
                using: &generator)!
        }
        func growth(_ pages: String) -> String { "(call $note\(memory) (memory.grow $m\(memory) \(pages)))" }
        switch Int.random(in: 0..<14, using: &generator) {
        case 0...3: return growth("(i32.and \(next()) (i32.const 3))")
        case 4: return "(block (result i32) \(next()))"
        case 5: return "(if (result i32) \(next()) (then \(next())) (else \(next())))"
        case 6: return "(loop (result i32) \(next()))"
        case 7: return "(try_table (result i32) \(next()))"
        case 8: return "(block $b (result i32) (try_table (result i32) (catch $e $b) (throw $e \(next()))))"
        case 9: return "(block $b (result i32) (br $b \(next())) (memory.grow $m\(memory)))"
        case 10: return "(i32.add \(next()) \(next()))"
        case 11: return "(block $b (result i32) (br_table $b $b \(next()) \(next())))"
        case 12 where callees > 0:
            return "(call $f\(Int.random(in: 0..<callees, using: &generator)) \(next()))"
        case 13 where callees > 0:
            return "(call_indirect (type $t) \(next()) (i32.const \(Int.random(in: 0..<callees, using: &generator))))"
        default: return growth("(i32.const 1)")
        }
    }
}
