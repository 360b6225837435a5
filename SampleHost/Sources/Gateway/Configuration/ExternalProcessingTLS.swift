import NIOSSL

/// How Envoys and the gateway show each other who they are. The files are read when the gateway starts.
public struct ExternalProcessingTLS: Sendable, Hashable {
    /// A PEM file with the gateway's certificate and those that lead to its authority.
    public var certificateFile: String
    /// A PEM file with the certificate's private key.
    public var keyFile: String
    /// A PEM file with the authorities of which one must have signed an Envoy's certificate; `nil` lets everybody connect.
    public var clientCAFile: String?

    /// TLS with these files.
    public init(certificateFile: String, keyFile: String, clientCAFile: String? = nil) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.clientCAFile = clientCAFile
    }

    /// What is wrong with the files, by the names of their keys.
    var mistakes: [(key: String, reason: String)] {
        var mistakes: [(key: String, reason: String)] = []
        for (key, path) in [("certificateFile", certificateFile), ("clientCAFile", clientCAFile)] {
            guard let path, (try? NIOSSLCertificate.fromPEMFile(path))?.isEmpty ?? true else { continue }
            mistakes.append((key, "expected a PEM file with certificates, found none at \(path)"))
        }
        if (try? NIOSSLPrivateKey(file: keyFile, format: .pem)) == nil {
            mistakes.append(("keyFile", "expected a PEM file with a private key, found none at \(keyFile)"))
        }
        return mistakes
    }
}
