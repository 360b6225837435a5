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
    var sha256: String
    /// `module`, `component` or `unknown`.
    var kind = "unknown"
    var abi: String?
    var abiReason: String?
    var contents: ContentsReport?
    var manifest: ManifestReport?
    var decision: DecisionReport?
    var isCompiled = false
    /// Whether it would be loaded: with a policy, under it; without, by a host that grants what it asks for.
    var loads = false
    var refusals: [Refusal] = []

    /// Looks at a plugin.
    /// - Throws: where the file of the plugin cannot be read.
    init(file: String, name: String, manifest: String?, policy: NamedPolicy?, compiles: Bool) throws {
        let bounds = (policy?.policy ?? PluginPolicy()).limits.module
        let module = try ModuleBytes(.file(file), most: max(bounds.moduleBytes, ModuleBounds().moduleBytes))
        self.name = name
        self.file = file
        bytes = module.bytes.count
        sha256 = module.digest
        look(at: module, bounds, manifest, policy)
        if compiles, refusals.isEmpty { compile(module.bytes) }
        loads = refusals.isEmpty
    }

    private mutating func look(
        at module: ModuleBytes,
        _ bounds: ModuleBounds,
        _ manifestFile: String?,
        _ policy: NamedPolicy?
    ) {
        if ModuleContents.isComponent(module.bytes) {
            kind = "component"
            let message = "this is a component, which Airlock does not load: expected a core module"
            return refusals.append(Refusal(code: "\(PluginError.Code.invalidModule)", message: message))
        }
        guard let contents = attempt({ try ModuleContents(module.bytes, bounds: bounds) }) else { return }
        kind = "module"
        let finding = ABIFinding(of: contents)
        abi = finding.abi.description
        abiReason = finding.reason
        if !ABIFinding.runnable.contains(finding.abi) {
            let message =
                "Airlock does not run plugins of the ABI \(finding.abi): expected one of \(ABIFinding.runnable)"
            refusals.append(Refusal(code: "\(PluginError.Code.abiViolation)", message: message))
        }
        let known = StandardCapabilities.given(by: finding.abi) + StandardCapabilities.all
        let inspection = attempt { try bounds.check(module.bytes) }
        self.contents = ContentsReport(contents, inspection: inspection, known: known)
        let source = manifestFile.map(ManifestSource.file) ?? .beside
        guard let manifest = attempt({ [file] in try source.read(for: file, module: module.bytes) }) else { return }
        self.manifest = manifest.map(ManifestReport.init)
        decide(
            PluginCandidate(name: name, digest: sha256, contents: contents, manifest: manifest, abi: finding.abi),
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
            refusals.append(Refusal(code: "\(PluginError.Code.invalidModule)", message: error.message))
        }
    }

    /// The result of `body`; nil where it failed, which is a reason to refuse the plugin.
    private mutating func attempt<Value>(_ body: () throws -> Value) -> Value? {
        do {
            return try body()
        } catch let error as PluginError {
            refusals.append(Refusal(code: "\(error.code)", message: error.message))
        } catch let violation as ModuleBoundsViolation {
            let code =
                if case .exceeded = violation { PluginError.Code.moduleBounds } else { PluginError.Code.invalidModule }
            refusals.append(Refusal(code: "\(code)", message: "\(violation)"))
        } catch {
            refusals.append(Refusal(code: "\(PluginError.Code.invalidModule)", message: "\(error)"))
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
