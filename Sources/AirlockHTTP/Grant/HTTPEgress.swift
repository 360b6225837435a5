public import Airlock

/// Lets a plugin send HTTP requests, to what its rules name and to nothing else.
///
///     let client = HTTPEgressClient()                       // one for the process; shut down at its end
///     let egress = HTTPEgress(client, rules: [try HTTPRule("https://api.example.com", methods: ["GET", "POST"])])
///     let plugin = try await host.loadSuspendable(.file("plugin.wasm"), granting: [egress])
///
/// Each hop of a request, the first one and every redirect, must fit a rule by scheme, host, port and method, and every address of its host
/// must be open by ``AddressPolicy``. The connection goes to one of the addresses that were checked. A request of the guest's that breaks this
/// ends the plugin's call with ``PluginError/Code/denied``. What can happen to anyone is a number that the guest gets, see
/// ``HTTPEgressResult``: no connection, no time, too large an answer, and also a redirect to what is not allowed (a step from `https` down to
/// `http` is one, unless a rule allows that `http` origin) and a name that leads to an address that is not open. Servers and name servers
/// choose those, and what they choose must not count as a plugin's crash.
///
/// Bytes both ways are charged as ``MeteredResource/egressBytes``: of the requests of all hops methods, paths, headers and bodies, of what
/// servers send all that is HTTP. What TLS and TCP add is not counted.
///
/// ## What guests import
/// The functions of the module `airlock:http`, for suspendable plugins. Numbers are `i32`.
///
/// | function | returns |
/// | --- | --- |
/// | `send(request, request_length)` | the handle of the response, greater than 0, or a ``HTTPEgressResult`` less than 0 |
/// | `status(handle)` | the response's status, such as 200 |
/// | `head(handle, room, room_length)` | how many bytes the head has; they are written if they fit the room |
/// | `body_length(handle)` | how many bytes the body has |
/// | `body(handle, from, room, room_length)` | how many bytes of the body, from that one on, were written: as many as there are and fit |
/// | `close(handle)` | nothing; the response is forgotten |
///
/// A response lasts until it is closed or the call ends. A handle that is none ends the call with ``PluginError/Code/badArgument``, and so
/// does a request that is not of this form. Numbers are 32 bits, unsigned, little-endian; text and bytes have their length before them as
/// such a number.
///
///     request:  1 (the version)                                head:  status
///               timeout in milliseconds, 0: as granted                URL that answered (text)
///               redirects to follow at most, 0: none                  number of headers
///               method (text)                                         of each: name (text), value (text)
///               URL (text)
///               number of headers
///               of each: name (text), value (text)
///               body (bytes)
///
/// The host adds `Host` and `Content-Length`; a request that has one of the headers about framing, the connection or proxies is refused as
/// denied, as are headers with line ends or other controls in them.
public struct HTTPEgress: AttenuableCapability {
    public static let id: CapabilityID = "airlock:http"

    /// Headers that a redirect to another origin does not get, by default: what browsers keep back, and the usual names of API keys.
    public static let usualCredentialHeaders: Set<String> = [
        "api-key", "authorization", "cookie", "x-access-token", "x-amz-security-token", "x-api-key", "x-auth-token",
        "x-csrf-token",
    ]

    /// The client that requests go through.
    public let client: HTTPEgressClient
    /// The requests that are allowed; without rules there are none.
    public let rules: [HTTPRule]
    /// The addresses that are open.
    public let addresses: AddressPolicy
    /// How much is allowed.
    public let limits: HTTPEgressLimits
    /// Headers, in lower case, that a redirect to another origin does not get.
    public let credentialHeaders: Set<String>
    let usage: GrantUsage

    /// Makes a grant. Plugins that get the same value share its number of concurrent requests.
    public init(
        _ client: HTTPEgressClient,
        rules: [HTTPRule],
        addresses: AddressPolicy = .publicOnly,
        limits: HTTPEgressLimits = HTTPEgressLimits(),
        credentialHeaders: Set<String> = usualCredentialHeaders
    ) {
        self.client = client
        self.rules = rules
        self.addresses = addresses
        self.limits = limits
        self.credentialHeaders = Set(credentialHeaders.map { $0.lowercased() })
        usage = GrantUsage(limits, lookups: min(limits.concurrentRequests, client.resolver.mostPerGrant))
    }

    /// A part of another grant.
    init(_ whole: HTTPEgress, rules: [HTTPRule], limits: HTTPEgressLimits) {
        client = whole.client
        self.rules = rules
        addresses = whole.addresses
        self.limits = limits
        credentialHeaders = whole.credentialHeaders
        usage = GrantUsage(limits, lookups: limits.concurrentRequests, parent: whole.usage)
    }

    public var summary: String {
        "\(rules.summary), at most \(limits.responseBytes) bytes per response, \(limits.concurrentRequests) requests at a time"
            + (addresses.allowed.isEmpty
                ? "" : ", also at \(addresses.allowed.map(\.description).joined(separator: ", "))")
    }
}
