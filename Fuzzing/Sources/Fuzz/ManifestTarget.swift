@testable import Airlock

/// Manifests and policies: the same text is read as both.
struct ManifestTarget: FuzzTarget {
    private let reader = PolicyReader()

    func seeds() throws -> [[UInt8]] {
        let digest = String(repeating: "5b", count: 32)
        return [
            "name: a",
            """
            # a comment
            name: shop/cart-notes
            version: "1.4.0"
            description: |
              Keeps notes:
                * for people
            abi: proxy-wasm/0.2.1
            sha256: \(digest)
            capabilities:
              - id: airlock:key-value
                reason: 'keeps the notes'
                with: { names: [notes, "*"], bytes: 1 KiB, deep: {a: [1, -2.5e3, true, ~]} }
              - id: airlock:clock
                optional: true
            limits:
              fuel: 5000000
              deadline: 50 ms
              memory: 8MiB
              callsPerInstance: 1
            """,
            """
            abis: [airlock, proxy-wasm]
            manifest: required
            digests: optional
            pinned:
              cart-notes: [\(digest), \(digest)]
              b: \(digest)
            limits: {fuel: 50, deadline: 1 h, memory: 4 GiB, module: {functions: 5000, codeBytes: 1 MiB}}
            """,
            "name: &x a\nversion: *x\n<<: [*x]", "? {a: [b]}\n: !!str c\n---\n...",
            "%YAML 1.2\n---\n\"\\u00e9\\x41\": >-\n  b\n",
        ].map { Array($0.utf8) }
    }

    var words: [String] {
        [
            "name", "version", "description", "abi", "sha256", "capabilities", "id", "reason", "with", "optional",
            "limits", "fuel",
            "deadline", "memory", "abis", "manifest", "digests", "required", "pinned", "module", ": ", "- ", "? ",
            "\n  ", " KiB", " ms",
            "|-\n", ">+\n", "&a ", "*a", "!!str ", "---\n", "...\n", "%YAML 1.2\n", "<<", "\"\\u", "'", "#", "{", "}",
            "[", "]",
        ]
    }

    func run(_ input: [UInt8]) {
        let manifest: PluginManifest?
        do throws(PluginError) {
            manifest = try PluginManifest(yaml: input)
        } catch {
            check(error, .manifest)
            manifest = nil
        }
        var policy = PluginPolicy()
        do throws(PluginError) {
            policy = try reader.read(yaml: input)
            try policy.limits.check(plugin: "")
        } catch {
            check(error, .configuration)
        }
        guard let manifest else { return }
        check(manifest)
        let candidate = PluginCandidate(name: "a", digest: "", contents: ModuleContents(), manifest: manifest)
        let decision = policy.decide(candidate)
        guard decision.grants.isEmpty, isAtMost(decision.limits, policy.limits) else {
            violated("a plugin gets no more than the policy gives: \(decision)")
        }
        do throws(PluginError) {
            try decision.limits.check(plugin: "")
        } catch {
            violated("limits that were decided are usable: \(error)")
        }
    }

    private func check(_ error: PluginError, _ code: PluginError.Code) {
        guard error.code == code else { violated("the error is about \(code): \(error)") }
        guard error.message.utf8.count <= 2_000 else { violated("the message has \(error.message.utf8.count) bytes") }
    }

    private func check(_ manifest: PluginManifest) {
        guard (1...100).contains(manifest.name.utf8.count) else { violated("the name '\(manifest.name)'") }
        if let digest = manifest.digest, digest.utf8.count != 64 { violated("the digest '\(digest)'") }
        guard Set(manifest.wishes.map(\.capability)).count == manifest.wishes.count else {
            violated("each capability is wished once: \(manifest.wishes)")
        }
    }

    private func isAtMost(_ limits: PluginLimits, _ most: PluginLimits) -> Bool {
        limits.fuel <= most.fuel && limits.deadline <= most.deadline && limits.hostCalls <= most.hostCalls
            && limits.outputBytes <= most.outputBytes && limits.memory <= most.memory
            && limits.tableElements <= most.tableElements && limits.concurrentCalls <= most.concurrentCalls
            && limits.callsPerInstance <= most.callsPerInstance && limits.module == most.module
    }
}
