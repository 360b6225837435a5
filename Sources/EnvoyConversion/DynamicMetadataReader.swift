/// Reads a filter that sets metadata of each stream (`envoy.extensions.filters.http.set_metadata.v3.Config`); the gateway's listeners can do so.
struct DynamicMetadataReader {
    static let filter = "envoy.extensions.filters.http.set_metadata.v3.Config"

    let input: Input

    func read(into spaces: inout [GatewayDocument.Space]) {
        for entry in [input] + (input.field("metadata")?.items ?? []) {
            guard let name = entry.field("metadata_namespace"), let values = entry.field("value") else { continue }
            guard let namespace = name.text else { continue }
            guard !spaces.contains(where: { $0.name == namespace }) else {
                entry.gap("the gateway sets a namespace once")
                continue
            }
            guard let values = MetadataValues.of(values) else { continue }
            // There is nothing to overwrite.
            entry.field("allow_overwrite")?.settle()
            spaces.append(GatewayDocument.Space(name: namespace, values: values))
        }
    }
}
