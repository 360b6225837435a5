/// An ordered list of HTTP header or trailer fields: names in lower case, equal names kept side by side, values kept
/// byte for byte.
///
/// Pseudo headers are ordinary fields (`:authority`, `:path`, `:method`, `:scheme`; `:status` in responses) and come
/// first. The bytes of all fields lie in one buffer in the form that the Proxy-Wasm ABI passes to a guest, so that a
/// map is written to guest memory without being taken apart.
public struct HeaderMap: Sendable {
    /// One field: where its `name NUL value NUL` begins in `bytes`.
    struct Field: Sendable {
        var offset: Int
        var nameCount: Int
        var valueCount: Int

        var name: Range<Int> { offset..<offset + nameCount }
        var value: Range<Int> { offset + nameCount + 1..<offset + nameCount + 1 + valueCount }
        var stored: Range<Int> { offset..<offset + storedCount }
        var storedCount: Int { nameCount + valueCount + 2 }
    }

    private(set) var bytes: [UInt8] = []
    private(set) var fields: [Field] = []
    /// The sum of the lengths of all names and values, in bytes.
    public private(set) var byteCount = 0

    /// Makes an empty map.
    public init() {}

    /// Makes a map of fields in this order.
    public init(_ fields: some Sequence<(name: String, value: String)>) {
        for field in fields {
            append(name: field.name, value: field.value)
        }
    }

    /// The number of fields; a name that occurs twice counts twice.
    public var count: Int { fields.count }

    /// What a map takes.
    struct Size {
        var fields = 0
        var bytes = 0
    }

    var size: Size { Size(fields: count, bytes: byteCount) }

    /// Whether there are no fields.
    public var isEmpty: Bool { fields.isEmpty }

    /// Makes room for that many fields and bytes of names and values.
    public mutating func reserveCapacity(fields count: Int, bytes byteCount: Int) {
        fields.reserveCapacity(count)
        bytes.reserveCapacity(byteCount + 2 * count)
    }

    // MARK: Text

    /// The first value under `name`, which may be in any case; setting replaces all values under it, and nil removes
    /// them. Bytes that are not UTF-8 are read as U+FFFD.
    public subscript(name: String) -> String? {
        get {
            firstIndex(of: name.utf8).map { String(decoding: bytes[fields[$0].value], as: UTF8.self) }
        }
        set {
            if let newValue {
                replace(name: name.utf8, value: newValue.utf8)
            } else {
                remove(name: name.utf8)
            }
        }
    }

    /// All values under `name`, in order.
    public func values(of name: String) -> [String] {
        fields.filter { matches($0, name.utf8) }.map { String(decoding: bytes[$0.value], as: UTF8.self) }
    }

    /// Appends a field after all others.
    public mutating func append(name: String, value: String) {
        append(name: name.utf8, value: value.utf8)
    }

    /// Appends a field after all others, with the value's bytes as they are.
    public mutating func append(name: String, bytes value: [UInt8]) {
        append(name: name.utf8, value: value)
    }

    /// Removes all fields with that name.
    public mutating func remove(_ name: String) {
        remove(name: name.utf8)
    }

    // MARK: Bytes

    /// The index of the first field with that name; ASCII letters match in any case.
    func firstIndex(of name: some Collection<UInt8>) -> Int? {
        fields.firstIndex { matches($0, name) }
    }

    /// The bytes of the first value under that name.
    func firstValue(of name: some Collection<UInt8>) -> ArraySlice<UInt8>? {
        firstIndex(of: name).map { bytes[fields[$0].value] }
    }

    /// The bytes of all values under that name, in order.
    func allValues(of name: some Collection<UInt8>) -> [ArraySlice<UInt8>] {
        fields.filter { matches($0, name) }.map { bytes[$0.value] }
    }

    mutating func append(name: some Collection<UInt8>, value: some Collection<UInt8>) {
        fields.append(store(name: name, value: value))
    }

    /// Puts the value where the first field with that name is, or at the end, and removes the others with that name.
    mutating func replace(name: some Collection<UInt8>, value: some Collection<UInt8>) {
        guard let index = firstIndex(of: name) else {
            return append(name: name, value: value)
        }
        removeFields(named: name, from: index + 1)
        byteCount -= fields[index].nameCount + fields[index].valueCount
        fields[index] = store(name: name, value: value)
        compactIfSparse()
    }

    mutating func remove(name: some Collection<UInt8>) {
        removeFields(named: name, from: 0)
        compactIfSparse()
    }

    private mutating func removeFields(named name: some Collection<UInt8>, from start: Int) {
        var kept = start
        for index in fields.indices[start...] {
            let field = fields[index]
            if matches(field, name) {
                byteCount -= field.nameCount + field.valueCount
            } else {
                fields[kept] = field
                kept += 1
            }
        }
        fields.removeSubrange(kept...)
    }

    private func matches(_ field: Field, _ name: some Collection<UInt8>) -> Bool {
        guard field.nameCount == name.count else { return false }
        var position = field.offset
        for byte in name {
            if bytes[position] != byte.lowercasedASCII { return false }
            position += 1
        }
        return true
    }

    private mutating func store(name: some Collection<UInt8>, value: some Collection<UInt8>) -> Field {
        let field = Field(offset: bytes.count, nameCount: name.count, valueCount: value.count)
        bytes.append(contentsOf: name)
        for index in field.name where bytes[index].isUppercaseASCII { bytes[index] |= 0x20 }
        bytes.append(0)
        bytes.append(contentsOf: value)
        bytes.append(0)
        byteCount += field.nameCount + field.valueCount
        return field
    }

    /// Drops the bytes of removed fields once they are most of the buffer, so that a guest that replaces one field
    /// for ever does not make it grow.
    private mutating func compactIfSparse() {
        let live = byteCount + 2 * fields.count
        guard bytes.count > 4096 + 2 * live else { return }
        var compact: [UInt8] = []
        compact.reserveCapacity(live)
        for index in fields.indices {
            let offset = compact.count
            compact.append(contentsOf: bytes[fields[index].stored])
            fields[index].offset = offset
        }
        bytes = compact
    }
}

extension HeaderMap: Sequence {
    /// Walks over the fields in order, as text.
    public struct Iterator: IteratorProtocol {
        private let map: HeaderMap
        private var index = 0

        init(_ map: HeaderMap) {
            self.map = map
        }

        /// The next field.
        public mutating func next() -> (name: String, value: String)? {
            guard index < map.fields.count else { return nil }
            let field = map.fields[index]
            index += 1
            return (
                String(decoding: map.bytes[field.name], as: UTF8.self),
                String(decoding: map.bytes[field.value], as: UTF8.self)
            )
        }
    }

    /// Walks over the fields in order, as text.
    public func makeIterator() -> Iterator { Iterator(self) }
}

extension HeaderMap: Equatable {
    /// Maps are equal when they have the same fields in the same order.
    public static func == (left: Self, right: Self) -> Bool {
        left.fields.count == right.fields.count
            && zip(left.fields, right.fields).allSatisfy { left.bytes[$0.stored] == right.bytes[$1.stored] }
    }
}

extension HeaderMap: ExpressibleByDictionaryLiteral {
    /// Makes a map of fields in the order of the literal; names may occur twice.
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements {
            append(name: name, value: value)
        }
    }
}

extension HeaderMap: CustomStringConvertible {
    /// One line a field, for logs and tests.
    public var description: String {
        map { "\($0.name): \($0.value)" }.joined(separator: "\n")
    }
}

extension UInt8 {
    fileprivate var isUppercaseASCII: Bool { self >= 0x41 && self <= 0x5A }

    /// The byte, with A to Z in lower case.
    var lowercasedASCII: UInt8 { isUppercaseASCII ? self | 0x20 : self }
}
