import Demonstration
import Foundation
import Synchronization
import Testing

@Suite struct `The demonstration` {
    @Test func `everything that it is to show is observed`() async throws {
        let lines = Lines()
        let isComplete = try await Demonstration.run(plugins: try await SampleGuests.folder().path) { lines.add($0) }
        #expect(isComplete, "\(lines.text)")
    }

    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])

        var text: String { lines.withLock { $0.joined(separator: "\n") } }

        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }
}
