/// A filter's call of a foreign function, for as long as the function runs. It acts on what the filter acts on: a stream, or the filter
/// itself.
public struct ForeignFunctionCall: ~Copyable {
    /// What the filter passed.
    public let arguments: [UInt8]
    private let vm: VMState

    init(_ arguments: [UInt8], in vm: VMState) {
        self.arguments = arguments
        self.vm = vm
    }

    /// The name of the filter that calls.
    public var filter: String { vm.active?.filter.configuration.name ?? "" }

    /// The VM identifier of the filter that calls.
    public var vmID: String { vm.key.vmID }

    /// Asks for the stream's route to be chosen anew, for its request as the filters leave it; see
    /// ``HTTPFilterStream/choosesRouteAnew``. Nothing happens outside of a stream.
    public func clearRouteCache() {
        vm.clearRouteCache()
    }

    /// Says what becomes of a property that the filter sets later with `proxy_set_property`. A property is declared once, by a filter that
    /// sets it.
    /// - Parameters:
    ///   - path: the property's path, its segments joined by NUL bytes.
    ///   - isReadOnly: whether it keeps its first value.
    /// - Throws: ``ForeignFunctionError/badArgument`` where it was declared before, or the path is too long;
    ///   ``ForeignFunctionError/internalFailure`` where there are too many.
    public func declareProperty(_ path: [UInt8], isReadOnly: Bool) throws(ForeignFunctionError) {
        guard let root = vm.active?.root, path.count <= PropertyPath.maximumBytes else { throw .badArgument }
        guard root.readOnlyProperties[path] == nil else { throw .badArgument }
        guard root.readOnlyProperties.count < StreamProperties.maximumCount else { throw .internalFailure }
        root.readOnlyProperties[path] = isReadOnly
    }

    /// Sets an object of the stream's filter state. Filters read it as the property `filter_state` and the key, the service with
    /// ``HTTPFilterStream/filterState(_:)``.
    /// - Throws: ``ForeignFunctionError/notFound`` outside of a stream; ``ForeignFunctionError/badArgument`` where there is no room for it.
    public func setFilterState(_ key: String, to value: [UInt8]) throws(ForeignFunctionError) {
        guard let stream = vm.active?.stream?.stream else { throw .notFound }
        guard stream.filterState.set(Array(key.utf8), to: value) else { throw .badArgument }
    }

    /// The filter, to be told something later; nil where it is not there any more.
    public var recipient: ForeignFunctionRecipient? {
        guard let root = vm.active?.root, let loop = vm.loop else { return nil }
        return loop.recipient(root.serial)
    }
}

/// A filter on one worker loop that is told something by the service (`proxy_on_foreign_function`).
public struct ForeignFunctionRecipient: Sendable {
    let tell: @Sendable (UInt32, [UInt8]) -> Void

    /// Calls `proxy_on_foreign_function` of the filter, as an event of its own. Where the filter is gone, or has no such callback, nothing
    /// happens.
    /// - Parameters:
    ///   - function: what filter and service mean by it is up to them.
    ///   - arguments: what the filter reads as buffer 8 in the callback.
    public func call(_ function: UInt32, _ arguments: [UInt8]) {
        tell(function, arguments)
    }
}
