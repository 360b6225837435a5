import Airlock

/// What two filters must have in common to share a virtual machine on a worker loop.
struct VMKey: Hashable, Sendable {
    /// The SHA-256 of the module.
    let digest: String
    let vmID: String
    let vmConfiguration: [UInt8]
    let environment: [String: String]
    let grants: ProxyWasmGrants
    let upstreams: Set<String>?
    let foreignFunctions: Set<String>?
    let properties: Set<PropertyPattern>?
    let allowedCapabilities: Set<String>
    let memoryLimit: Int
    let tableLimit: Int
    /// All limits of a filter for which a policy decided; nil for others.
    let decidedLimits: PluginLimits?
    let quota: ObjectIdentifier?
    /// The filter's number where it must be alone, because it has capabilities that cannot be compared.
    let exclusiveFilter: FilterID?

    init(_ configuration: FilterConfiguration, filter: FilterID, version: PluginVersion) {
        digest = version.digest
        vmID = configuration.vmID
        vmConfiguration = configuration.vmConfiguration
        environment = configuration.environment
        let abi = version.grants.compactMap { $0 as? ProxyWasmABI }
        grants = abi.first?.grants ?? []
        upstreams = abi.first.flatMap(\.upstreams)
        foreignFunctions = abi.first.flatMap(\.foreignFunctions)
        properties = abi.first.flatMap(\.properties)
        allowedCapabilities = configuration.allowedCapabilities
        memoryLimit = version.limits.memory
        tableLimit = version.limits.tableElements
        decidedLimits = configuration.policy == nil ? nil : version.limits
        quota = version.quota.map { ObjectIdentifier($0) }
        exclusiveFilter = version.grants.count == abi.count ? nil : filter
    }
}

/// The number of a filter, unique in a process.
struct FilterID: Hashable, Sendable {
    let number: UInt64
}
