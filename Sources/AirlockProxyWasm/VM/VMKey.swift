import Airlock

/// What two filters must have in common to share a virtual machine on a worker loop.
struct VMKey: Hashable, Sendable {
    /// The SHA-256 of the module.
    let digest: String
    let vmID: String
    let vmConfiguration: [UInt8]
    let environment: [String: String]
    let grants: ProxyWasmGrants
    let memoryLimit: Int
    let tableLimit: Int
    let quota: ObjectIdentifier?
    /// The filter's number where it must be alone, because it has capabilities that cannot be compared.
    let exclusiveFilter: FilterID?

    init(_ configuration: FilterConfiguration, filter: FilterID, version: PluginVersion) {
        digest = version.digest
        vmID = configuration.vmID
        vmConfiguration = configuration.vmConfiguration
        environment = configuration.environment
        grants = configuration.grants
        memoryLimit = configuration.limits.memory
        tableLimit = configuration.limits.tableElements
        quota = configuration.quota.map { ObjectIdentifier($0) }
        exclusiveFilter = configuration.capabilities.isEmpty ? nil : filter
    }
}

/// The number of a filter, unique in a process.
struct FilterID: Hashable, Sendable {
    let number: UInt64
}
