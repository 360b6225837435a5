import Wasmtime

extension PluginPolicy {
    /// Decides what a plugin gets.
    ///
    /// - Parameters:
    ///   - candidate: what is known about the plugin.
    ///   - given: capabilities whose functions its ABI links for every plugin, whatever the policy says.
    ///   - known: capabilities that the host could grant, to name them in a refusal.
    /// - Returns: the effective grants and limits, and every reason to refuse the plugin: a digest that is not the pinned or claimed one, a
    ///   signature that is missing, an ABI that is not accepted, a required wish that the policy does not give, an import that no granted
    ///   capability offers, and more memory at the start than the limit.
    public func decide(
        _ candidate: PluginCandidate,
        given: [any Capability.Type] = [],
        known: [any Capability.Type] = []
    ) -> PluginDecision {
        var decision = PluginDecision(limits: limits, quota: pluginQuotas[candidate.name] ?? quota)
        checkDigest(of: candidate, &decision)
        checkSignature(of: candidate, &decision)
        checkManifest(of: candidate, &decision)
        checkABI(of: candidate, &decision)
        for wish in candidate.manifest?.wishes ?? wishesByImport(of: candidate, given) { grant(wish, &decision) }
        checkOverlaps(with: given, &decision)
        checkImports(of: candidate, given: given, known: known, &decision)
        for capability in given {
            guard let capability = capability as? any AttenuableCapability.Type else { continue }
            noteRefused(capability, candidate, &decision)
        }
        if let wishes = candidate.manifest?.limits {
            let (limits, cuts) = wishes.limited(to: limits)
            decision.limits = limits
            decision.notes += cuts.map { "the limit \($0.name) is \($0.limit), not \($0.wish) as the manifest asks" }
        }
        checkMemory(of: candidate, &decision)
        return decision
    }

    private func checkDigest(of candidate: PluginCandidate, _ decision: inout PluginDecision) {
        let names = [candidate.name] + (candidate.manifest.map { $0.name == candidate.name ? [] : [$0.name] } ?? [])
        for name in names {
            guard let pinned = pinnedDigests[name], !pinned.contains(candidate.digest) else { continue }
            decision.refuse(.digestMismatch, Self.mismatch(name, digest: candidate.digest, pinned: pinned))
        }
        if demandsPinnedDigest, pinnedDigests[candidate.name] == nil {
            decision.refuse(
                .digestMismatch,
                "the policy loads pinned digests only, and pins none for '\(candidate.name)'; the module has \(candidate.digest)"
            )
        }
        if let claimed = candidate.manifest?.digest, claimed != candidate.digest {
            decision.refuse(
                .digestMismatch,
                "the module has the SHA-256 \(candidate.digest), expected the one that its manifest names: \(claimed)"
            )
        }
    }

    private func checkSignature(of candidate: PluginCandidate, _ decision: inout PluginDecision) {
        guard let keys = signers(of: candidate.name) else { return }
        guard let refusal = ModuleSignatures.refusal(of: candidate.signatures, expecting: keys) else { return }
        decision.refuse(.signatureRefused, "the module: \(refusal)")
    }

    private func checkManifest(of candidate: PluginCandidate, _ decision: inout PluginDecision) {
        guard demandsManifest, candidate.manifest == nil else { return }
        decision.refuse(.manifest, "the policy expects a manifest, and the plugin has none")
    }

    private func checkABI(of candidate: PluginCandidate, _ decision: inout PluginDecision) {
        if let claimed = candidate.manifest?.abi, let abi = candidate.abi, !claimed.covers(abi) {
            decision.refuse(
                .manifest, "the manifest says that the plugin is written for the ABI \(claimed), but it is \(abi)")
        }
        guard !abis.isEmpty else { return }
        let expected = abis.map(\.description).joined(separator: ", ")
        guard let abi = candidate.abi ?? candidate.manifest?.abi else {
            return decision.refuse(.manifest, "the plugin's ABI is not known, and the policy accepts only \(expected)")
        }
        guard !abis.contains(where: { $0.covers(abi) }) else { return }
        decision.refuse(.manifest, "the plugin's ABI is \(abi), and the policy accepts only \(expected)")
    }

    /// What the module imports of each capability that the policy gives, but for what its ABI gives it anyway.
    private func wishesByImport(
        of candidate: PluginCandidate,
        _ given: [any Capability.Type]
    ) -> [CapabilityWish] {
        grants.compactMap { grant in
            let type = type(of: grant)
            let others = Set(given.filter { $0.id != type.id }.flatMap { $0.offers.map(\.name) })
            let functions = candidate.contents.functions(of: type) { !others.contains($0) }
            return functions.isEmpty ? nil : type.wish(importing: functions)
        }
    }

    /// A function that two capabilities have could not be linked.
    private func checkOverlaps(with given: [any Capability.Type], _ decision: inout PluginDecision) {
        for grant in decision.grants {
            let type = type(of: grant)
            let names = Set(type.offers.map(\.name))
            for other in given where other.id != type.id {
                let shared = other.offers.map(\.name).filter(names.contains)
                guard let first = shared.first else { continue }
                decision.refuse(
                    .manifest,
                    "the capabilities '\(type.id)' and '\(other.id)' both have \(first), and the plugin has the latter whatever the policy says"
                )
            }
        }
    }

    private func noteRefused<Granted: AttenuableCapability>(
        _ capability: Granted.Type,
        _ candidate: PluginCandidate,
        _ decision: inout PluginDecision
    ) {
        let grant = decision.grants.lazy.compactMap { $0 as? Granted }.first
        let refused = Granted.refused(of: candidate.contents.functions(of: capability), by: grant)
        guard !refused.isEmpty else { return }
        decision.notes.append(
            "of '\(Granted.id)' the module imports \(refused.joined(separator: ", ")), which were not granted and refuse when called"
        )
    }

    private func grant(_ wish: CapabilityWish, _ decision: inout PluginDecision) {
        guard let widest = grants.first(where: { type(of: $0).id == wish.capability }) else {
            let offered = grants.map { type(of: $0).id.description }
            let nearest =
                NearestName.of(wish.capability.description, among: offered).map { " (did it mean '\($0)'?)" } ?? ""
            return refuse(wish, "the policy does not give the capability '\(wish.shortName)'\(nearest)", &decision)
        }
        do {
            decision.grants.append(try widest.attenuated(to: wish))
        } catch {
            let message = "the wish for the capability '\(wish.shortName)' is refused: \(error.message)"
            // A wish that makes no sense is a mistake even where the plugin could do without.
            guard error.code == .denied else { return decision.refuse(.manifest, message) }
            refuse(wish, message, &decision)
        }
    }

    private func refuse(_ wish: CapabilityWish, _ message: String, _ decision: inout PluginDecision) {
        if wish.isRequired {
            decision.refuse(.manifest, message)
        } else {
            decision.notes.append("\(message); the plugin can do without")
        }
    }

    private func checkImports(
        of candidate: PluginCandidate,
        given: [any Capability.Type],
        known: [any Capability.Type],
        _ decision: inout PluginDecision
    ) {
        let granted = (given + decision.grants.map { type(of: $0) }).reduce(into: [:]) { types, capability in
            types.merge(capability.importTypes) { first, _ in first }
        }
        let owners = grants.map { type(of: $0) as any Capability.Type } + known
        var missing: [(owner: CapabilityID?, names: [String])] = []
        for item in candidate.contents.imports {
            let name = ImportName(item)
            if case .function(let type) = item.item, let expected = granted[name] {
                guard type != expected else { continue }
                decision.refuse(
                    .signatureMismatch,
                    "the module imports \(ManifestValue.shortened(name.description)) with the type \(type), expected \(expected)"
                )
                continue
            }
            let owner = owners.first { $0.offers.contains { $0.name == name } }?.id
            let text = ManifestValue.shortened(name.description)
            if let index = missing.firstIndex(where: { $0.owner == owner }) {
                missing[index].names.append(text)
            } else {
                missing.append((owner, [text]))
            }
        }
        for (owner, names) in missing {
            let list =
                names.prefix(20).joined(separator: ", ") + (names.count > 20 ? " and \(names.count - 20) more" : "")
            let reason =
                switch owner {
                case nil: "which no capability here offers"
                case let id? where !grants.contains { type(of: $0).id == id }:
                    "which need the capability '\(id)', and the policy does not give it"
                case let id? where candidate.manifest?.wishes.contains { $0.capability == id } ?? true:
                    "which need the capability '\(id)', and it was not granted"
                case let id?: "which need the capability '\(id)', and its manifest does not ask for it"
                }
            decision.refuse(.missingCapability, "the module imports \(list), \(reason)")
        }
    }

    private func checkMemory(of candidate: PluginCandidate, _ decision: inout PluginDecision) {
        let pages = UInt64(max(decision.limits.memory, 0) / 65_536)
        for memory in candidate.contents.memories where memory.minimum > pages {
            decision.refuse(
                .memory,
                "the module begins with \(memory.minimum) pages of memory (64 KiB each), more than its limit of \(decision.limits.memory) bytes"
            )
        }
    }
}

extension Capability {
    /// The functions that this capability permits, with the types that guests must import them with.
    fileprivate static var importTypes: [ImportName: FunctionType] {
        Dictionary(functions.entries.map { ($0.name, $0.function.type) }) { first, _ in first }
    }
}

extension ModuleContents {
    /// The names of the capability's functions that the module imports and that `isWanted`, each once.
    fileprivate func functions(
        of capability: any Capability.Type,
        where isWanted: (ImportName) -> Bool = { _ in true }
    ) -> [String] {
        let offered = Set(capability.offers.map(\.name))
        var names: [String] = []
        for name in imports.map(ImportName.init) where offered.contains(name) && isWanted(name) {
            if !names.contains(name.name) { names.append(name.name) }
        }
        return names
    }
}

extension ImportName {
    init(_ item: ModuleContents.Import) {
        self.init(module: item.module, name: item.name)
    }
}

extension CapabilityWish {
    /// The capability's name, fit for a message: the manifest's author chose it.
    fileprivate var shortName: String { ManifestValue.shortened(capability.description) }
}
