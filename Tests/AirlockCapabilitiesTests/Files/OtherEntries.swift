import Foundation
import TestSupport

/// What a folder may have beside files, folders and symbolic links.
extension TemporaryFolder {
    func makePipe(_ name: String) throws {
        // Safe: the path is read during the call only.
        try check(unsafe mkfifo(at(name), 0o600))
    }

    func hardLink(_ name: String, to other: String) throws {
        // Safe: the paths are read during the call only.
        try check(unsafe Foundation.link(at(other), at(name)))
    }

    private func check(_ result: Int32) throws {
        if result != 0 { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }
}
