import Foundation
import Gateway
import Testing

@Suite struct `Admin configuration` {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func read(_ admin: String) throws -> GatewayConfiguration {
        try GatewayConfiguration(
            yaml: """
                listen: 127.0.0.1:1
                admin: \(admin)
                routes:
                  - match: { prefix: / }
                    respond: { status: 200 }
                """,
            file: "gateway.yaml",
            folder: folder.path
        )
    }

    private func mistakes(_ admin: String) throws -> String {
        try #require(throws: ConfigurationError.self) { try read(admin) }.description
    }

    private func write(_ token: String, permissions: Int = 0o600) throws {
        try folder.write(token, to: "token")
        try FileManager.default.setAttributes(
            [.posixPermissions: permissions], ofItemAtPath: "\(folder.path)/token")
    }

    @Test(arguments: [0o600, 0o400])
    func `an address that others reach is good with a token that only its owner reads`(permissions: Int) throws {
        try write("  0123456789abcdef\n", permissions: permissions)
        let admin = try #require(try read("{ listen: \"0.0.0.0:8081\", tokenFile: token }").admin)
        #expect(admin.listen == ListenAddress(host: "0.0.0.0", port: 8081))
        #expect(admin.token != nil)
    }

    @Test func `a mapping without a token is for loopback addresses only`() throws {
        let admin = try #require(try read("{ listen: \"[::1]:8081\" }").admin)
        #expect(admin.listen == ListenAddress(host: "::1", port: 8081))
        #expect(admin.token == nil)
        #expect(
            try mistakes("{ listen: 0.0.0.0:8081 }") == """
                gateway.yaml:2: admin.listen: expected a loopback address such as 127.0.0.1:8081, or { listen: ADDRESS, \
                tokenFile: PATH }, found "0.0.0.0:8081"
                """)
    }

    @Test(arguments: [0o640, 0o604, 0o660, 0o700 | 0o001])
    func `a token that others may read is refused`(permissions: Int) throws {
        try write("0123456789abcdef", permissions: permissions)
        #expect(
            try mistakes("{ listen: 0.0.0.0:1, tokenFile: token }") == """
                gateway.yaml:2: admin.tokenFile: expected a file for its owner only (chmod 600), found the permissions \
                \(String(permissions, radix: 8)), in \(folder.path)/token
                """)
    }

    @Test(arguments: [
        ("0123456789abcde\n", "at least 16 bytes, found 15"),
        (" \n", "at least 16 bytes, found 0"),
        ("0123456789 abcdef", "in one line"),
        ("0123456789\nabcdef", "in one line"),
        ("0123456789äbcdef", "letters, digits and signs of ASCII"),
        (String(repeating: "a", count: 4097), "at most 4096 bytes"),
    ])
    func `a token that is too short, too long or cannot be sent is refused`(token: String, message: String) throws {
        try write(token)
        let mistakes = try mistakes("{ listen: 0.0.0.0:1, tokenFile: token }")
        #expect(mistakes.contains("gateway.yaml:2: admin.tokenFile: "))
        #expect(mistakes.contains(message), "\(mistakes)")
    }

    @Test func `what is no file is refused`() throws {
        #expect(try mistakes("{ listen: 0.0.0.0:1, tokenFile: token }").contains("expected a file that can be read"))
        #expect(try mistakes("{ listen: 0.0.0.0:1, tokenFile: . }").contains("expected a regular file"))
    }

    @Test func `all mistakes are reported at once`() throws {
        let mistakes = try mistakes("{ listne: 1, tokenFile: token }")
        #expect(mistakes.contains("admin.listne: unknown key (did you mean listen?); expected listen, tokenFile"))
        #expect(mistakes.contains("admin.listen: missing"))
        #expect(mistakes.contains("admin.tokenFile: expected a file that can be read"))
    }
}
