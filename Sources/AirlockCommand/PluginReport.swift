import Airlock
import Foundation
import Wasmtime

/// What `airlock inspect` found. Its fields are those of the JSON form, which docs/manifest-and-policy.md explains.
struct PluginReport: Encodable {
    struct Refusal: Encodable {
        var code: String
        var message: String
    }

    var name: String
    var file: String
    var bytes: Int
    /// Absent where the file has more bytes than a module may have, and was not read.
    var sha256: String?
    /// `module`, `component` or `unknown`.
    var kind = "unknown"
    /// What a file of unknown kind looks like.
    var looksLike: String?
    var abi: String?
    var abiReason: String?
    var signed: SignatureReport?
    var contents: ContentsReport?
    var component: ComponentReport?
    var manifest: ManifestReport?
    var decision: DecisionReport?
    var isCompiled = false
    /// Whether it would be loaded: with a policy, under it; without, by a host that grants what it asks for.
    var loads = false
    var refusals: [Refusal] = []

    /// Looks at a plugin.
    /// - Throws: where the file of the plugin cannot be read.
    init(
        file: String, name: String, manifest: String?, policy: NamedPolicy?, signers: Set<ModuleVerificationKey>?,
        compiles: Bool
    ) throws {
        let bounds = (policy?.policy ?? PluginPolicy()).limits.module
        self.name = name
        self.file = file
        switch try Self.read(file, bounds) {
        case .read(let module):
            (bytes, sha256) = (module.bytes.count, module.digest)
            if tell(FileKind(head: Array(module.bytes.prefix(FileKind.headBytes)))) {
                let signatures = signatures(of: module, expecting: signers, policy)
                look(at: module, signatures, bounds, manifest, policy)
            }
            if kind == "component" { component = ComponentReport(module.bytes) }
            if compiles, refusals.isEmpty { compile(module.bytes) }
        case .tooLarge(let size, let most):
            bytes = size
            if tell(FileKind(head: try Self.head(of: file))) {
                refuse(.moduleBounds, "the file has \(size) bytes, expected at most \(most)")
            }
        }
        loads = refusals.isEmpty
    }

    private enum FileBytes {
        case read(ModuleBytes)
        case tooLarge(Int, most: Int)
    }

    private static func read(_ file: String, _ bounds: ModuleBounds) throws -> FileBytes {
        let most = max(bounds.moduleBytes, ModuleBounds().moduleBytes)
        do throws(PluginError) {
            return .read(try ModuleBytes(.file(file), most: most))
        } catch {
            guard error.code == .moduleBounds else { throw error }
            return .tooLarge(Int(clamping: error.used ?? 0), most: most)
        }
    }

    private static func head(of file: String) throws -> [UInt8] {
        let handle = try FileHandle(forReadingFrom: URL(filePath: file))
        defer { try? handle.close() }
        return Array(try handle.read(upToCount: FileKind.headBytes) ?? Data())
    }

    /// Says what the file is.
    /// - Returns: whether it is a module; otherwise it is refused.
    private mutating func tell(_ found: FileKind) -> Bool {
        switch found {
        case .module:
            kind = "module"
            return true
        case .component:
            kind = "component"
            refuse(
                .invalidModule,
                "this is a component, and components are not supported yet: expected a core module. "
                    + "The host could not see a component's memories, and so neither limit nor report them"
            )
        case .other(let words):
            looksLike = words
            refuse(
                .invalidModule,
                "this is \(words): expected a core module of WebAssembly, which begins with 00 61 73 6D 01 00 00 00")
        }
        return false
    }

    private mutating func refuse(_ code: PluginError.Code, _ message: String) {
        refusals.append(Refusal(code: "\(code)", message: message))
    }

    /// Looks at the signatures, and refuses the plugin where none of the keys that the caller named signed it. The policy decides for itself.
    private mutating func signatures(
        of module: ModuleBytes, expecting signers: Set<ModuleVerificationKey>?, _ policy: NamedPolicy?
    ) -> ModuleSignatures? {
        let ofPolicy = policy?.policy.signers(of: name)
        var signatures: ModuleSignatures?
        do throws(PluginError) {
            signatures = try module.signatures()
            signed = SignatureReport(signatures, expecting: (signers ?? []).union(ofPolicy ?? []))
        } catch {
            signed = SignatureReport(damage: error.message)
            if signers != nil { refuse(error.code, error.message) }
        }
        if let signers, signed?.damage == nil, signatures?.signers(among: signers).isEmpty ?? true {
            let expected = signers.map(\.id).sorted().joined(separator: " or ")
            refuse(.signatureRefused, "the module is not signed with the key \(expected)")
        }
        return signatures
    }

    private mutating func look(
        at module: ModuleBytes,
        _ signatures: ModuleSignatures?,
        _ bounds: ModuleBounds,
        _ manifestFile: String?,
        _ policy: NamedPolicy?
    ) {
        guard let contents = attempt({ try ModuleContents(module.bytes, bounds: bounds) }) else { return }
        let finding = ABIFinding(of: contents)
        abi = finding.abi.description
        abiReason = finding.reason
        if !ABIFinding.runnable.contains(finding.abi) {
            refuse(
                .abiViolation,
                "Airlock does not run plugins of the ABI \(finding.abi): expected one of \(ABIFinding.runnable)")
        }
        let known = StandardCapabilities.given(by: finding.abi) + StandardCapabilities.all
        let inspection = attempt { try bounds.check(module.bytes) }
        self.contents = ContentsReport(contents, inspection: inspection, known: known)
        let source = manifestFile.map(ManifestSource.file) ?? .beside
        guard let manifest = attempt({ [file] in try source.read(for: file, module: module.bytes) }) else { return }
        self.manifest = manifest.map(ManifestReport.init)
        decide(
            PluginCandidate(
                name: name, digest: module.digest, contents: contents, signatures: signatures, manifest: manifest,
                abi: finding.abi),
            policy
        )
    }

    private mutating func decide(_ candidate: PluginCandidate, _ policy: NamedPolicy?) {
        let given = StandardCapabilities.given(by: candidate.abi)
        let decision: PluginDecision
        if let policy {
            decision = policy.policy.decide(candidate, given: given, known: StandardCapabilities.all)
            self.decision = DecisionReport(decision, policy: policy.file)
        } else {
            // Whoever loads it decides what it gets: here only what stands in the way under any policy.
            var candidate = candidate
            candidate.manifest?.wishes = []
            decision = PluginPolicy(demandsManifest: false).decide(candidate, given: given + StandardCapabilities.all)
        }
        refusals += decision.refusals.map { Refusal(code: "\($0.code)", message: $0.message) }
    }

    private mutating func compile(_ bytes: [UInt8]) {
        do {
            _ = try Module(engine: try Engine(EngineConfiguration()), bytes: bytes)
            isCompiled = true
        } catch {
            refuse(.invalidModule, error.message)
        }
    }

    /// The result of `body`; nil where it failed, which is a reason to refuse the plugin.
    private mutating func attempt<Value>(_ body: () throws -> Value) -> Value? {
        do {
            return try body()
        } catch let error as PluginError {
            refuse(error.code, error.message)
        } catch let violation as ModuleBoundsViolation {
            let code =
                if case .exceeded = violation { PluginError.Code.moduleBounds } else { PluginError.Code.invalidModule }
            refuse(code, "\(violation)")
        } catch {
            refuse(.invalidModule, "\(error)")
        }
        return nil
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

/// A policy and the file that it came from.
struct NamedPolicy {
    var policy: PluginPolicy
    var file: String
}
