import NIOSSL

/// The certificates that the system trusts, read once in a process. NIOSSL by itself reads and parses the file again for each client of the
/// HTTP library, which is for each connection here: 33 ms and 0.8 MiB.
enum SystemRoots {
    /// Where the distributions keep them, as NIOSSL has it.
    private static let files = [
        "/etc/ssl/certs/ca-certificates.crt",  // Debian, Ubuntu, Arch, Alpine
        "/etc/pki/tls/certs/ca-bundle.crt",  // Fedora
    ]

    /// As NIOSSL takes them; its own default where there is no such file, and on macOS, which asks the system's own verifier.
    static let asTrustRoots: NIOSSLTrustRoots = {
        #if os(Linux)
        for file in files {
            if let certificates = try? NIOSSLCertificate.fromPEMFile(file) { return .certificates(certificates) }
        }
        #endif
        return .default
    }()
}
