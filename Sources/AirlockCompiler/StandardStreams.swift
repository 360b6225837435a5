#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

// Foundation would take longer to load than a small module to compile.

// `unsafe` in this file: the system reads and writes the given number of bytes, during its calls only.

/// The process's standard input, output and error.
enum StandardStreams {
    /// The next bytes of the input, or nil where there are fewer. Takes memory for what is there, whatever `count` claims.
    static func read(exactly count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < count {
            let wanted = min(chunk.count, count - bytes.count)
            let got = unsafe chunk.withUnsafeMutableBytes { buffer in
                unsafe systemRead(STDIN_FILENO, buffer.baseAddress, wanted)
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return nil }
            bytes += chunk[..<got]
        }
        return bytes
    }

    /// Whether all bytes could be written to the output.
    static func write(_ bytes: [UInt8]) -> Bool {
        var written = 0
        while written < bytes.count {
            let put = unsafe bytes.withUnsafeBytes { buffer in
                unsafe systemWrite(STDOUT_FILENO, buffer.baseAddress! + written, bytes.count - written)
            }
            if put < 0, errno == EINTR { continue }
            guard put > 0 else { return false }
            written += put
        }
        return true
    }

    static func complain(_ text: String) {
        let bytes = Array("\(text)\n".utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe systemWrite(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// Ends the process at once: there is nothing to tidy up, and the engine's own end takes time.
    static func end(_ status: CInt) {
        _exit(status)
    }
}

private func systemRead(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    unsafe read(descriptor, bytes, count)
}

private func systemWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    unsafe write(descriptor, bytes, count)
}
