public import Wasmtime

/// What a module's sections say about it without its code: sections, imports, exports and memories.
///
/// It is read from hostile bytes before anything is compiled, so it is a claim that the engine may still refuse. It holds at most what
/// ``ModuleBounds`` admits.
public struct ModuleContents: Sendable, Hashable {
    /// One section, in the order of the module.
    public struct Section: Sendable, Hashable {
        /// Its identifier in the binary format; 0 is a custom section.
        public var id: UInt8
        /// The name of a custom section, or of the kind of section.
        public var name: String
        /// The bytes of its content. Those of a custom section include its name.
        public var bytes: Int
        /// Where its content begins and ends; that of a custom section after its name.
        var content: Range<Int>
    }

    /// What is imported or exported, with its type.
    public enum Item: Sendable, Hashable {
        case function(FunctionType)
        case table(ValueType, minimum: UInt64, maximum: UInt64?)
        case memory(Memory)
        case global(ValueType, isMutable: Bool)
        case tag(FunctionType)
    }

    /// A linear memory, in pages of 64 KiB.
    public struct Memory: Sendable, Hashable {
        /// The size at the start.
        public var minimum: UInt64
        /// The largest size, or nil where the module sets none.
        public var maximum: UInt64?
        /// Whether several threads may use it.
        public var isShared: Bool
        /// Whether addresses have 64 bits.
        public var is64Bit: Bool
    }

    /// Something that the module needs.
    public struct Import: Sendable, Hashable {
        public var module: String
        public var name: String
        public var item: Item
    }

    /// Something that the module offers.
    public struct Export: Sendable, Hashable {
        public var name: String
        public var item: Item
    }

    /// The sections in their order.
    public internal(set) var sections: [Section] = []
    /// The imports in their order.
    public internal(set) var imports: [Import] = []
    /// The exports in their order.
    public internal(set) var exports: [Export] = []
    /// The memories, imported ones first.
    public internal(set) var memories: [Memory] = []
    /// Whether the module has a start function, which runs with each new instance.
    public internal(set) var hasStart = false

    init() {}

    /// Reads the contents of a binary module.
    /// - Parameter bounds: how many types, imports, functions, exports and so on there may be.
    /// - Throws: ``ModuleBoundsViolation`` where the bytes are not a core module, or a count is out of bounds.
    public init(_ bytes: [UInt8], bounds: ModuleBounds = ModuleBounds()) throws(ModuleBoundsViolation) {
        try bounds.require(.moduleBytes, atMost: bounds.moduleBytes, found: UInt64(bytes.count))
        var walk = ContentsWalk(bounds: bounds, bytes: bytes)
        self = try walk.run()
    }

    /// The contents of the custom sections of that name in a binary module, and nothing where it is not one.
    static func customSections(named name: String, in bytes: [UInt8]) throws(ModuleBoundsViolation) -> [ArraySlice<
        UInt8
    >] {
        var walk = ContentsWalk(bounds: ModuleBounds(), bytes: bytes, readsCustomSectionsOnly: true)
        return try walk.run().sections.filter { $0.id == 0 && $0.name == name }.map { bytes[$0.content] }
    }

    /// Whether the bytes begin as a component does (layer 1), which is not a core module.
    public static func isComponent(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: [0x00, 0x61, 0x73, 0x6D]) && bytes.count >= 8 && bytes[6] == 1 && bytes[7] == 0
    }
}

extension ModuleContents.Item: CustomStringConvertible {
    /// The kind and the type, for example `function (i32) -> ()`.
    public var description: String {
        switch self {
        case .function(let type): "function \(type)"
        case .table(let element, let minimum, let maximum):
            "table of \(element), \(minimum) to \(maximum.map(String.init) ?? "any number of") elements"
        case .memory(let memory): "memory \(memory)"
        case .global(let type, let isMutable): "\(isMutable ? "mutable" : "constant") global of \(type)"
        case .tag(let type): "tag \(type)"
        }
    }
}

extension ModuleContents.Memory: CustomStringConvertible {
    /// The sizes, for example `of 1 to 16 pages`.
    public var description: String {
        let kind = (isShared ? ", shared" : "") + (is64Bit ? ", 64-bit" : "")
        return "of \(minimum) to \(maximum.map(String.init) ?? "any number of") pages\(kind)"
    }
}
