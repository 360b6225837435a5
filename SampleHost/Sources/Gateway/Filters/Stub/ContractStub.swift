public struct PluginLimits: Sendable, Hashable { public var fuel: UInt64 = 10_000_000, memory: Int = 16 << 20, deadline: Duration = .seconds(1); public init() {} }
public enum PluginSource: Sendable { case file(String), bytes([UInt8]), wat(String) }
public struct ReloadBackoff: Sendable { public init() {} }
public enum FailurePolicy: Sendable { case closed, open, reload(backoff: ReloadBackoff) }
public struct FilterConfiguration: Sendable { public var name, rootID, vmID: String; public var vmConfiguration, configuration: [UInt8]; public var source: PluginSource; public var limits: PluginLimits; public var failurePolicy: FailurePolicy
 public init(name: String, rootID: String = "", vmID: String = "", vmConfiguration: [UInt8] = [], configuration: [UInt8] = [], source: PluginSource, limits: PluginLimits = PluginLimits(), failurePolicy: FailurePolicy = .closed) {
   self.name = name; self.rootID = rootID; self.vmID = vmID; self.vmConfiguration = vmConfiguration; self.configuration = configuration; self.source = source; self.limits = limits; self.failurePolicy = failurePolicy } }
