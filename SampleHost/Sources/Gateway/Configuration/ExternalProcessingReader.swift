import Yams

/// Reads `externalProcessing`: where Envoys connect, and the filters that their traffic goes through.
struct ExternalProcessingReader {
    let routes: RouteReader
    let log: MistakeLog

    /// `nil` without `externalProcessing`, and, with the mistakes logged, when it cannot be used.
    func read(_ top: SectionReader) -> ExternalProcessingConfiguration? {
        let name = "externalProcessing"
        let known = ["listen", "filters", "messageSize", "streams", "deadline"]
        guard let node = top.optional(name), let section = SectionReader(node, path: name, known: known, log: log)
        else { return nil }
        let address = section.value("listen", "an address such as 127.0.0.1:8082 with a port from 0 to 65535") {
            ListenAddress($0)
        }
        let filters = routes.filters(section)
        if case .sequence(let names)? = section.required("filters", "a list of plugin names"), names.isEmpty {
            log.add(node, key: section.key("filters"), "expected at least one plugin, found an empty list")
        }
        guard let address else { return nil }
        var processing = ExternalProcessingConfiguration(listen: address, filters: filters)
        processing.messageSize =
            section.value("messageSize", "a size from 64KiB to 1GiB", default: processing.messageSize) {
                ScalarFormats.bytes($0).flatMap { (64 << 10...1 << 30).contains($0) ? $0 : nil }
            } ?? processing.messageSize
        processing.streams =
            section.value("streams", "a number from 1 to 1000000", default: processing.streams) {
                Int($0).flatMap { (1...1_000_000).contains($0) ? $0 : nil }
            } ?? processing.streams
        processing.deadline =
            section.value("deadline", "a duration such as 30s, 2m or 1h", default: processing.deadline) {
                ScalarFormats.duration($0).flatMap { $0 > .zero ? $0 : nil }
            } ?? processing.deadline
        return processing
    }
}
