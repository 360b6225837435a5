/// Where operators connect, and how they show that they may.
public struct AdminConfiguration: Sendable {
    /// The address. Without a token it must be a loopback address.
    public var listen: ListenAddress
    /// What every request must bear but those of `/healthz` and `/readyz`; `nil` asks for none.
    public var token: AdminToken?

    /// An admin server at an address.
    public init(listen: ListenAddress, token: AdminToken? = nil) {
        self.listen = listen
        self.token = token
    }
}
