import Airlock
import Logging
import Synchronization

/// Standard output or error of one instance: each line is a message in the log.
///
/// The begin of a line is held back until the line ends or is too long, the guest exits, or the instance is freed.
final class WASIOutput: Sendable {
    /// The most bytes of a message; a longer line becomes several.
    static let maximumLine = 8 << 10
    /// The most lines that one call takes; the guest has to write the rest again.
    static let maximumLines = 256

    private let log: Logging
    private let level: Logger.Level
    private let plugin: String
    private let begun = Mutex<[UInt8]>([])

    init(_ log: Logging, at level: Logger.Level, of plugin: String) {
        self.log = log
        self.level = level
        self.plugin = plugin
    }

    deinit {
        let rest = begun.withLock(\.self)
        if !rest.isEmpty { log.writeRest(rest, at: level, of: plugin) }
    }

    /// - Returns: how many of the bytes were taken.
    func write(_ bytes: [UInt8], for call: borrowing HostCall) throws(WASIFailure) -> Int {
        var line = begun.withLock { begun in
            defer { begun = [] }
            return begun
        }
        var (taken, lines) = (0, 0)
        while taken < bytes.count, lines < Self.maximumLines {
            let byte = bytes[taken]
            // A character is not cut, unless it is none.
            let isFull = line.count >= Self.maximumLine && (byte & 0xC0 != 0x80 || line.count >= Self.maximumLine + 3)
            if byte == UInt8(ascii: "\n") || isFull {
                try emit(line, for: call)
                line = []
                lines += 1
            }
            guard byte == UInt8(ascii: "\n") || !isFull else { continue }
            if byte != UInt8(ascii: "\n") { line.append(byte) }
            taken += 1
        }
        let rest = line
        begun.withLock { $0 = rest }
        return taken
    }

    /// Writes what is held back.
    func flush(for call: borrowing HostCall) throws(WASIFailure) {
        let rest = begun.withLock { begun in
            defer { begun = [] }
            return begun
        }
        if !rest.isEmpty { try emit(rest, for: call) }
    }

    private func emit(_ line: [UInt8], for call: borrowing HostCall) throws(WASIFailure) {
        do throws(HostError) {
            _ = try log.write(line.last == UInt8(ascii: "\r") ? Array(line.dropLast()) : line, at: level, for: call)
        } catch {
            throw WASIFailure(error)
        }
    }
}
