import Airlock
import ArgumentParser
import Foundation

/// `airlock sign`: what an author does with a module before it is handed to operators.
struct SignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Signs a module, so that hosts can tell who it comes from.",
        discussion: """
            The signature is in the format of WebAssembly's tool conventions, which wasmsign2 reads, too. It comes into the module, beside
            those that are there, or with --detached into a file beside it.
            """
    )

    @Argument(help: "A binary WebAssembly module.")
    var module: String

    @Option(help: "The file with the secret key, as keygen or wasmsign2 writes it. Nobody but its owner may read it.")
    var key: String

    @Option(help: "Where the signed module is written, or the signature. By default MODULE is replaced, or MODULE.sig.")
    var output: String?

    @Flag(help: "Write a file with the signature, and leave the module as it is.")
    var detached = false

    /// More than any host loads.
    private static let mostBytes = 1 << 30

    func run() throws {
        let key = try ModuleSigningKey(file: key)
        let bytes = try ModuleBytes(.file(module), most: Self.mostBytes).bytes
        let made = detached ? try key.detachedSignature(of: bytes) : try key.signed(bytes)
        let path = output ?? (detached ? module + ModuleBytes.signatureSuffix : module)
        try Data(made).write(to: URL(filePath: path), options: .atomic)
        print("signed with the key \(key.verificationKey.id): \(path)")
    }
}

/// `airlock keygen`: a new key to sign modules with.
struct KeygenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Makes a key to sign modules with.",
        discussion:
            "FILE gets the secret half, which only its owner can read; FILE.pub the public one, which hosts are given."
    )

    @Argument(help: "A file that is not there yet.")
    var file: String

    func run() throws {
        let key = ModuleSigningKey()
        let publicKey = key.verificationKey
        try key.write(toNewFile: file)
        try Data(publicKey.serialized).write(to: URL(filePath: file + ".pub"), options: .withoutOverwriting)
        let text = publicKey.rawRepresentation.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        print(
            """
            secret key  \(file)
            public key  \(file).pub
            as text     \(text)
            key id      \(publicKey.id)
            """)
    }
}
