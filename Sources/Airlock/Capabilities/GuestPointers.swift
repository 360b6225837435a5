/// Bytes in a guest's linear memory, as the guest names them. Nothing of it is checked: the range is checked when
/// the bytes are read through the ``HostCall``.
public struct GuestBytes: Sendable, Hashable {
    /// The first byte's offset.
    public var offset: UInt32
    /// How many bytes.
    public var count: UInt32

    /// Names bytes.
    @inlinable
    public init(offset: UInt32, count: UInt32) {
        self.offset = offset
        self.count = count
    }
}

/// UTF-8 text in a guest's linear memory, as the guest names it; checked when it is read through the ``HostCall``.
public struct GuestString: Sendable, Hashable {
    /// The text's bytes.
    public var bytes: GuestBytes

    /// Names text.
    @inlinable
    public init(_ bytes: GuestBytes) {
        self.bytes = bytes
    }
}

/// Room in a guest's linear memory that a host function may fill; checked when it is written through the ``HostCall``.
public struct GuestBuffer: Sendable, Hashable {
    /// The first byte's offset.
    public var offset: UInt32
    /// How many bytes there is room for.
    public var capacity: UInt32

    /// Names room.
    @inlinable
    public init(offset: UInt32, capacity: UInt32) {
        self.offset = offset
        self.capacity = capacity
    }
}
