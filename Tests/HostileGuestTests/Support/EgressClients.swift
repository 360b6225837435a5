import AirlockHTTP

extension HTTPEgressClient {
    /// A client for which names have these addresses, and no others.
    convenience init(resolving names: [String: [String]]) {
        self.init(AddressResolver { name in (names[name] ?? []).compactMap { IPAddress($0) } })
    }

    convenience init(_ resolver: AddressResolver) {
        var configuration = Configuration()
        configuration.resolver = resolver
        self.init(configuration)
    }
}
