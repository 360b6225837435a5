public import Airlock

/// A filter: its module, what it is told, what it may do and use, and what becomes of requests when it fails.
public struct FilterConfiguration: Sendable {
    /// What the filter is called in logs, reports and metrics (`plugin_name`).
    public var name: String
    /// Which of a module's filters to run; most modules have one and ignore it (`plugin_root_id`).
    public var rootID: String
    /// The trust domain: filters with the same identifier share data and metrics (`plugin_vm_id`). Two filters whose
    /// module, grants, memory limit, environment and virtual machine configuration are also equal share the virtual
    /// machine.
    public var vmID: String
    /// What `proxy_on_vm_start` is given.
    public var vmConfiguration: [UInt8]
    /// What `proxy_on_configure` is given.
    public var configuration: [UInt8]
    /// Where the module comes from.
    public var source: PluginSource
    /// What each callback may use, and the virtual machine's memory. A start function and each callback count as one
    /// call. ``PluginLimits/loopShare`` bounds how long the filter holds a worker loop over all its streams: a callback is cut when
    /// it is used up, which ends the virtual machine, and new streams follow the failure policy until some of it has come back. Repeated
    /// failures are the business of ``failurePolicy``; ``PluginLimits/crashLoop`` does not apply to filters. Under a ``policy`` they are
    /// not used: the policy and the manifest decide.
    public var limits: PluginLimits
    /// How many times as much as a callback the filter may use to start, 1 to 100: each start function, `proxy_on_context_create` of the
    /// filter itself, `proxy_on_vm_start` and `proxy_on_configure` get so many times the ``limits``' fuel, deadline, host calls and output.
    /// SDKs set up whole runtimes there, and filters read their rules.
    public var startFactor: Int

    /// The limits that a filter has unless others are set: those of a plugin, with 256 MiB of memory, because filters begin with what
    /// their toolchains reserve and Envoy sets no bound.
    public static let defaultLimits = PluginLimits(memory: 256 << 20)
    /// What the filter may use together with others. Filters with different quotas do not share a virtual machine. Of a quota, fuel,
    /// memory, host calls and bytes apply to filters: when its fuel is used up, new streams follow the failure policy without running the
    /// filter. Under a ``policy`` it must be nil where the policy has a quota for the filter.
    public var quota: Quota?
    /// What becomes of a request when the filter fails.
    public var failurePolicy: FailurePolicy
    /// When the filter is not run any more because it fails too often; nil for never.
    public var quarantine: QuarantinePolicy?
    /// Which parts of the ABI the filter may use, at most. Under a ``policy`` it gets of these what its manifest asks for and the policy
    /// gives as ``ProxyWasmABI``.
    public var grants: ProxyWasmGrants
    /// The upstreams that the filter may call by HTTP and gRPC, of those that the runtime's ``HTTPCallOutClient`` and ``GRPCCallOutClient``
    /// have; all where it is nil. Under a ``policy`` it gets of these what that gives it.
    public var upstreams: Set<String>?
    /// The foreign functions that the filter may call, of those that the runtime has; all where it is nil. Under a ``policy`` it gets of
    /// these what that gives it.
    public var foreignFunctions: Set<String>?
    /// The properties that the filter may read and set, as far as ``grants`` has the functions for that; all where it is nil. Others are not
    /// there for it. Under a ``policy`` it gets of these what that gives it.
    public var properties: Set<PropertyPattern>?
    /// The functions that the filter may call and the callbacks that it gets, by their names in the ABI, such as `proxy_log`, `fd_write` and
    /// `proxy_on_request_headers`: Envoy's `allowed_capabilities`. All where it is empty. Other functions answer that they are not granted,
    /// and other callbacks are not called.
    public var allowedCapabilities: Set<String>
    /// Host functions beside the ABI's. A filter with any of them shares its virtual machine with no other filter.
    public var capabilities: [any Capability]
    /// The environment variables that the guest sees; nothing of the host's own.
    public var environment: [String: String]
    /// How long the filter may hold a request or a response back before it is answered with 504.
    public var pauseDeadline: Duration
    /// Whether a filter that answers 1 ("stop iteration") to headers is shown the body while it holds the headers back, as Envoy's option
    /// of that name has it. Its chain's streams need ``HTTPFilterStream/requestHeaders(_:showingBody:)`` then. Otherwise the body waits
    /// behind the headers.
    public var allowOnHeadersStopIteration: Bool
    /// Whether each change of a request's headers by the filter has the route chosen anew, as if it had called the foreign function
    /// `clear_route_cache`, and only where it may: Envoy does so. See ``HTTPFilterStream/choosesRouteAnew``. Otherwise the filter has to
    /// call it, so that one which only changes headers does not send requests where their route does not lead.
    public var headersChooseRoute: Bool
    /// What the filter may get; nil where this configuration alone decides. Its manifest says what it wants, and the filter gets what is in
    /// both: functions of the ABI, further capabilities, limits. A filter without a manifest, where the policy accepts that, is taken to
    /// want the functions that it imports. Digests are pinned under ``name``. Filters for which something else was decided do not share a
    /// virtual machine.
    public var policy: PluginPolicy?
    /// Where the manifest is; read only under a ``policy``.
    public var manifest: ManifestSource
    /// How later versions come into service, and leave it. Its probe is the ABI's own, `proxy_on_vm_start` and `proxy_on_configure`, and one
    /// of the policy's is refused; versions of filters cannot be shadows.
    public var reload: ReloadPolicy

    /// Describes a filter.
    public init(
        name: String,
        rootID: String = "",
        vmID: String = "",
        vmConfiguration: [UInt8] = [],
        configuration: [UInt8] = [],
        source: PluginSource,
        limits: PluginLimits = defaultLimits,
        startFactor: Int = 10,
        quota: Quota? = nil,
        failurePolicy: FailurePolicy = .closed,
        quarantine: QuarantinePolicy? = nil,
        grants: ProxyWasmGrants = .all,
        upstreams: Set<String>? = nil,
        foreignFunctions: Set<String>? = nil,
        properties: Set<PropertyPattern>? = nil,
        allowedCapabilities: Set<String> = [],
        capabilities: [any Capability] = [],
        environment: [String: String] = [:],
        pauseDeadline: Duration = .seconds(30),
        allowOnHeadersStopIteration: Bool = false,
        headersChooseRoute: Bool = false,
        policy: PluginPolicy? = nil,
        manifest: ManifestSource = .beside,
        reload: ReloadPolicy = ReloadPolicy()
    ) {
        self.name = name
        self.rootID = rootID
        self.vmID = vmID
        self.vmConfiguration = vmConfiguration
        self.configuration = configuration
        self.source = source
        self.limits = limits
        self.startFactor = startFactor
        self.quota = quota
        self.failurePolicy = failurePolicy
        self.quarantine = quarantine
        self.grants = grants
        self.upstreams = upstreams
        self.foreignFunctions = foreignFunctions
        self.properties = properties
        self.allowedCapabilities = allowedCapabilities
        self.capabilities = capabilities
        self.environment = environment
        self.pauseDeadline = pauseDeadline
        self.allowOnHeadersStopIteration = allowOnHeadersStopIteration
        self.headersChooseRoute = headersChooseRoute
        self.policy = policy
        self.manifest = manifest
        self.reload = reload
    }
}
