import GRPCCore

/// The filters that streams of external processing go through.
struct ProcessingChains: Sendable {
    /// The gRPC metadata that names a stream's chain.
    static let key = "airlock-chain"

    private let unnamed: RouteChain?
    private let named: [String: RouteChain]

    /// - Throws: ``GatewayError`` with every filter that is not there.
    init(_ configuration: ExternalProcessingConfiguration, _ filters: FilterSet) throws(GatewayError) {
        var reasons = (configuration.tls?.mistakes ?? []).map { "externalProcessing.tls.\($0.key): \($0.reason)" }
        func chain(_ names: [String], _ key: String) -> RouteChain? {
            do {
                return try filters.chain(names)
            } catch {
                reasons += error.reasons.map { "externalProcessing.\(key): \($0)" }
                return nil
            }
        }
        unnamed = chain(configuration.filters, "filters")
        var named: [String: RouteChain] = [:]
        for (name, filters) in configuration.chains { named[name] = chain(filters, "chains.\(name)") }
        self.named = named
        guard reasons.isEmpty else { throw GatewayError(reasons: reasons.sorted()) }
        guard unnamed != nil || !named.isEmpty else {
            throw GatewayError(reasons: ["externalProcessing: expected at least one filter, found none"])
        }
    }

    /// The chain that a stream's metadata names.
    ///
    /// - Throws: where there is no such chain.
    func chain(_ metadata: Metadata) throws(RPCError) -> RouteChain {
        guard let name = metadata[stringValues: Self.key].first(where: { _ in true }) else {
            if let unnamed { return unnamed }
            throw RPCError(code: .invalidArgument, message: "expected the metadata \(Self.key), found none")
        }
        if let chain = named[name] { return chain }
        throw RPCError(code: .notFound, message: "no chain \"\(name.prefix(80))\"")
    }
}
