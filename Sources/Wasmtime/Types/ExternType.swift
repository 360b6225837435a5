/// The type of something that a module imports or exports.
public enum ExternType: Hashable, Sendable {
    /// A function.
    case function(FunctionType)
    /// A linear memory.
    case memory(MemoryType)
    /// A table of references.
    case table(TableType)
    /// A global variable or constant.
    case global(GlobalType)
    /// A tag of exceptions, with the types of what they carry.
    case tag(FunctionType)
}

/// The type of a linear memory.
public struct MemoryType: Hashable, Sendable {
    /// The size at the start, in pages.
    public let minimum: UInt64
    /// The largest size, in pages, or `nil` when the module sets none.
    public let maximum: UInt64?
    /// The size of a page, in bytes: 65,536 unless the module uses custom page sizes.
    public let pageSize: UInt64
    /// Whether addresses have 64 bits.
    public let is64Bit: Bool
    /// Whether several threads may use it.
    public let isShared: Bool
}

/// The type of a table.
public struct TableType: Hashable, Sendable {
    /// The type of the entries.
    public let element: ValueType
}

/// The type of a global.
public struct GlobalType: Hashable, Sendable {
    /// The type of the value.
    public let value: ValueType
    /// Whether it can be changed.
    public let isMutable: Bool
}

extension ExternType: CustomStringConvertible {
    /// The kind and the type, for example `function (i32) -> ()`.
    public var description: String {
        switch self {
        case .function(let type): "function \(type)"
        case .memory(let type): "memory of \(type.minimum) to \(type.maximum.map(String.init) ?? "any number of") pages"
        case .table(let type): "table of \(type.element)"
        case .global(let type): "\(type.isMutable ? "mutable" : "constant") global of \(type.value)"
        case .tag(let type): "tag \(type)"
        }
    }
}

/// Something that a module imports.
public struct ImportType: Hashable, Sendable {
    /// The first part of the name.
    public let module: String
    /// The second part of the name.
    public let name: String
    /// What the module expects.
    public let type: ExternType
}

/// Something that a module exports.
public struct ExportType: Hashable, Sendable {
    /// The name.
    public let name: String
    /// What it is.
    public let type: ExternType
}
