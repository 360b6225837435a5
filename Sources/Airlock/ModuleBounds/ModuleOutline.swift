/// Where the parts of a module are, for whoever changes it after the walk.
struct ModuleOutline {
    /// The sections in their order, without custom ones.
    var sections: [Section] = []
    /// The number of types.
    var types = 0
    /// The number of functions, imported ones included; likewise of globals.
    var functions = 0
    var globals = 0
    var importedMemories = 0
    /// The memories that the module defines.
    var memories: [Limits] = []
    /// The tables that the module defines.
    var tables: [Limits] = []
    /// Where each `memory.grow` is, counted from the start of the code section's content, in ascending order.
    var growths: [UInt32] = []

    struct Section {
        var id: UInt8
        /// Where its identifier is.
        var start: Int
        /// Where its content is, after the identifier and the size.
        var content: Range<Int>
    }

    /// The limits of a memory, in pages, or of a table, in elements.
    struct Limits {
        /// Where they begin.
        var offset: Int
        var flags: UInt8
        var minimum: UInt64
        var maximum: UInt64?
    }

    func section(_ id: UInt8) -> Section? {
        sections.first { $0.id == id }
    }
}
