import ExternalProcessingMessages
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Gateway
import Testing

@Suite struct `TLS of external processing` {
    /// The files of a gateway that takes Envoys which show the certificate that it shows itself.
    private func files(_ folder: TemporaryFolder) throws -> ExternalProcessingTLS {
        try folder.write(LocalCertificate.certificate, to: "local.pem")
        try folder.write(LocalCertificate.key, to: "local.key")
        return ExternalProcessingTLS(
            certificateFile: "\(folder.path)/local.pem", keyFile: "\(folder.path)/local.key",
            clientCAFile: "\(folder.path)/local.pem")
    }

    /// - Parameter showsCertificate: whether the client says who it is.
    private func client(_ tls: ExternalProcessingTLS, showsCertificate: Bool) -> ProcessingService.Security {
        let authorities = TLSConfig.TrustRootsSource.certificates([.file(path: tls.certificateFile, format: .pem)])
        guard showsCertificate else { return .tls { $0.trustRoots = authorities } }
        return .mTLS(
            certificateChain: [.file(path: tls.certificateFile, format: .pem)],
            privateKey: .file(path: tls.keyFile, format: .pem)
        ) { $0.trustRoots = authorities }
    }

    @Test func `Envoys that show a certificate of the authority are served, and no others`() async throws {
        let folder = try TemporaryFolder()
        let tls = try files(folder)
        let (known, unknown) = (client(tls, showsCertificate: true), client(tls, showsCertificate: false))
        try await ProcessingService.with([ProcessingGuest().plugin()], client: known, { $0.tls = tls }) { service in
            try await service.stream { envoy in
                _ = try await envoy.answer(to: .requestHeaders(endOfStream: true))
            }
            for other in [unknown, .plaintext] {
                await #expect(throws: RPCError.self) {
                    try await service.withConnection(other) { stranger in
                        try await stream(stranger)
                    }
                }
            }
        }
    }

    @Test func `without an authority Envoys need no certificate`() async throws {
        let folder = try TemporaryFolder()
        let tls = try files(folder)
        let open = ExternalProcessingTLS(certificateFile: tls.certificateFile, keyFile: tls.keyFile)
        let unknown = client(tls, showsCertificate: false)
        try await ProcessingService.with([ProcessingGuest().plugin()], client: unknown, { $0.tls = open }) { service in
            try await stream(service)
        }
    }

    /// One try that does not wait for a connection that cannot be made.
    private func stream(_ service: ProcessingService) async throws {
        try await service.stream(waits: false) { envoy in
            _ = try await envoy.answer(to: .requestHeaders(endOfStream: true))
        }
    }

    @Test func `files that hold no certificate or key are mistakes`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "auth.wasm")
        try folder.write("no PEM", to: "bad.pem")
        let error = #expect(throws: ConfigurationError.self) {
            try GatewayConfiguration(
                yaml: """
                    plugins: [{ name: auth, path: auth.wasm }]
                    externalProcessing:
                      listen: 127.0.0.1:0
                      filters: [auth]
                      tls: { certificateFile: bad.pem, keyFile: bad.pem, clientCAFile: missing.pem }
                    """, file: "gateway.yaml", folder: folder.path)
        }
        let lines = error?.description.split(separator: "\n") ?? []
        #expect(lines.count == 3)
        for (line, key) in zip(lines, ["certificateFile", "clientCAFile", "keyFile"]) {
            #expect(line.contains(": externalProcessing.tls.\(key): expected a PEM file with"))
        }
    }
}
