import AirlockProxyWasm
import Airlock
import ExternalProcessingMessages
import SwiftProtobuf

extension StreamAttributes {
    /// What an Envoy tells of a stream: the attributes that its configuration selects (`request_attributes`), and its dynamic metadata.
    init(_ first: EnvoyProcessingRequest, _ headers: HeaderMap) {
        let values = first.attributeValues
        func text(_ name: String) -> String? {
            if case .stringValue(let text)? = values[name]?.kind { text } else { nil }
        }
        self.init(
            source: Endpoint(text("source.address")),
            destination: Endpoint(text("destination.address")),
            httpProtocol: text("request.protocol") ?? "HTTP/1.1",
            scheme: headers[":scheme"] ?? "http",
            requestID: text("request.id"),
            requestTime: Int64(WallClock.nanoseconds),
            isMutualTLS: values["connection.mtls"]?.boolValue ?? false,
            tlsVersion: text("connection.tls_version"),
            requestedServerName: text("connection.requested_server_name") ?? "",
            routeName: text("xds.route_name"),
            upstreamName: text("xds.cluster_name"),
            place: Place(
                virtualHostName: text("xds.virtual_host_name"),
                dynamicMetadata: first.metadataContext.filterMetadata.mapValues { part in
                    part.fields.compactMapValues(MetadataValue.init)
                }))
        for (name, value) in values where Self.areTaken.contains(where: name.hasPrefix) {
            properties[name] = value.propertyBytes
        }
    }

    /// The attributes that do not change while filters see the stream. Others, such as `request.path`, come from the headers, which filters
    /// change.
    private static let areTaken = ["connection.", "source.", "destination.", "xds."]
}

extension UpstreamAttributes {
    /// What an Envoy tells with the response's headers (`response_attributes`); nil where it tells nothing of the upstream.
    init?(_ message: EnvoyProcessingRequest) {
        let values = message.attributeValues
        guard let address = values["upstream.address"]?.stringValue else { return nil }
        self.init(
            remote: StreamAttributes.Endpoint(address),
            local: StreamAttributes.Endpoint(values["upstream.local_address"]?.stringValue))
    }
}

extension EnvoyProcessingRequest {
    /// The attributes by their names, which Envoy groups by the filter that selected them.
    fileprivate var attributeValues: [String: Google_Protobuf_Value] {
        attributes.values.reduce(into: [:]) { values, part in values.merge(part.fields) { own, _ in own } }
    }
}

extension StreamAttributes.Endpoint {
    /// An end of a connection, from `address:port`; nil for anything else, such as the path of a socket.
    init?(_ text: String?) {
        guard let address = text.flatMap({ ListenAddress($0) }) else { return nil }
        self.init(address: address.host, port: address.port)
    }
}

extension Google_Protobuf_Value {
    /// The bytes that filters read, as Envoy's own filters do: whole numbers are integers. Nil for what has parts.
    fileprivate var propertyBytes: [UInt8]? {
        switch kind {
        case .stringValue(let text): return Array(text.utf8)
        case .boolValue(let truth): return [truth ? 1 : 0]
        case .numberValue(let number):
            let bits = Int64(exactly: number).map { UInt64(bitPattern: $0) } ?? number.bitPattern
            return (0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
        case .nullValue, .structValue, .listValue, nil: return nil
        }
    }
}

extension MetadataValue {
    /// Nil for null.
    fileprivate init?(_ value: Google_Protobuf_Value) {
        switch value.kind {
        case .stringValue(let text): self = .text(text)
        case .numberValue(let number): self = .number(number)
        case .boolValue(let truth): self = .truth(truth)
        case .listValue(let list): self = .list(list.values.compactMap(MetadataValue.init))
        case .structValue(let map): self = .map(map.fields.compactMapValues(MetadataValue.init))
        case .nullValue, nil: return nil
        }
    }
}

extension CanaryKey {
    /// The key of a stream; nil where there is nothing to take it from.
    func key(of headers: HeaderMap, _ attributes: StreamAttributes) -> RoutingKey? {
        if case .header(let name) = self, let value = headers[name] { return RoutingKey(value) }
        return attributes.source.map { RoutingKey($0.address) }
    }
}
