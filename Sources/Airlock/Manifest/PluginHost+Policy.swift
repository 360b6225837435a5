extension PluginHost {
    /// Loads a plugin whose calls run to completion, with what its manifest asks for as far as the policy gives it.
    ///
    /// The digest is compared with the pinned ones, and the signature checked, before anything else is done with the module, and the
    /// decision is made before it is compiled. Each later version is held to the same policy with its own manifest, and is refused where it
    /// asks for more than the plugin was first loaded with: whoever wants to give it more loads it anew. What was given up, a later version
    /// may ask for again.
    ///
    /// - Parameters:
    ///   - source: where the module is.
    ///   - name: what errors, events and metrics call the plugin, and what its digests are pinned under; by default the file's name
    ///     without its ending, or `plugin`. The name in the manifest is a claim of the plugin and has no part in it.
    ///   - policy: what it may get.
    ///   - manifest: where its manifest is.
    ///   - abi: the ABI that the caller runs it with, which its manifest must agree to; nil to believe the manifest.
    ///   - given: what it is granted whatever the policy says.
    ///   - quota: what it may use together with others, where the policy has no quota for it. With both it is refused with
    ///     ``PluginError/Code/configuration``, since it could keep to one only.
    ///   - reload: how later versions come into service, and what each, the first as well, must pass.
    /// - Throws: ``PluginError`` with every reason why it was refused, and the code of the first: ``PluginError/Code/digestMismatch``,
    ///   ``PluginError/Code/signatureRefused``, ``PluginError/Code/manifest``, ``PluginError/Code/missingCapability``,
    ///   ``PluginError/Code/memory``; or why it could not be loaded.
    public func load(
        _ source: PluginSource,
        name: String? = nil,
        under policy: PluginPolicy,
        manifest: ManifestSource = .beside,
        abi: PluginABI? = .airlock,
        granting given: [any Capability] = [],
        quota: Quota? = nil,
        reload: ReloadPolicy = ReloadPolicy()
    ) async throws(PluginError) -> Plugin {
        let review = PolicyReview(
            policy: policy, manifest: manifest, abi: { _ in abi }, given: given, known: services.knownCapabilities)
        let specification = try await passed(
            review, source, name: name, mode: .runToCompletion, quota: quota, reload: reload)
        return try await run(specification, from: source)
    }

    /// The same for an ABI that has several versions and runs its plugins' instances itself.
    /// - Parameters:
    ///   - abi: tells the ABI by the module; nil where it is none that the caller runs.
    ///   - given: what it is linked with, unless the policy decides on a capability of the same type.
    ///   - pools: one for each of ``loops``.
    package func load(
        _ source: PluginSource,
        name: String,
        under policy: PluginPolicy,
        manifest: ManifestSource,
        recognising abi: @escaping @Sendable (ModuleContents) -> PluginABI?,
        granting given: [any Capability],
        quota: Quota?,
        reload: ReloadPolicy,
        in pools: [any VersionedPool]
    ) async throws(PluginError) -> PluginReleases {
        let review = PolicyReview(
            policy: policy, manifest: manifest, abi: abi, given: given, known: services.knownCapabilities)
        let specification = try await passed(
            review, source, name: name, mode: .runToCompletion, quota: quota, reload: reload)
        return PluginReleases(try await run(specification, from: source, in: pools))
    }

    /// Loads a plugin whose calls may be suspended, with what its manifest asks for as far as the policy gives it. See
    /// ``load(_:name:under:manifest:abi:granting:quota:reload:)``.
    public func loadSuspendable(
        _ source: PluginSource,
        name: String? = nil,
        under policy: PluginPolicy,
        manifest: ManifestSource = .beside,
        abi: PluginABI? = .airlock,
        granting given: [any Capability] = [],
        quota: Quota? = nil,
        reload: ReloadPolicy = ReloadPolicy()
    ) async throws(PluginError) -> SuspendablePlugin {
        let review = PolicyReview(
            policy: policy, manifest: manifest, abi: { _ in abi }, given: given, known: services.knownCapabilities)
        let specification = try await passed(
            review, source, name: name, mode: .suspendable, quota: quota, reload: reload)
        return try await runSuspendable(specification, from: source)
    }

    /// What a plugin gets, by a first look at it. The version that is then loaded passes the review like every later one, so a file
    /// that is exchanged in between gets no more.
    private func passed(
        _ review: PolicyReview,
        _ source: PluginSource,
        name: String?,
        mode: PluginSpecification.Mode,
        quota: Quota?,
        reload: ReloadPolicy
    ) async throws(PluginError) -> PluginSpecification {
        let name = name ?? source.defaultName
        let first = try await first(review, source, name: name, reload: reload)
        if let quota, let imposed = first.decision.quota, quota !== imposed {
            throw PluginError(
                .configuration,
                plugin: name,
                message: "expected one quota, came '\(quota.name)' and the policy's '\(imposed.name)'"
            )
        }
        var specification = PluginSpecification(
            name: name,
            grants: review.grants(first.decision),
            limits: first.decision.limits,
            mode: mode,
            quota: quota ?? first.decision.quota,
            reload: reload
        )
        specification.review = review
        specification.review?.first = first
        return specification
    }

    /// What later versions are held to: what the source holds, or the version that was promoted before a restart, where that gets no less.
    /// A promoted one that the policy refuses by now does not count; that is reported when it is to serve.
    private func first(
        _ review: PolicyReview, _ source: PluginSource, name: String, reload: ReloadPolicy
    ) async throws(PluginError) -> PolicyReview.Granted {
        let (services, most) = (services, review.policy.limits.module.moduleBytes)
        let recalled = try? await reload.store?.thread.run { [store = reload.store] () throws(PluginError) in
            try store?.recall(name, from: source, atMost: most)
        }
        guard let recalled, let kept = recalled.manifest else {
            return try await services.compiler.pass(review, source, plugin: name).granted
        }
        let promoted = try? await services.compiler.pass(review, recalled.source, plugin: name, recalling: kept)
        do {
            let found = try await services.compiler.pass(review, source, plugin: name).granted
            guard let promoted else { return found }
            var held = review
            held.first = found
            let fits = try? await services.compiler.pass(held, recalled.source, plugin: name, recalling: kept)
            return fits == nil ? promoted.granted : found
        } catch {
            // A source that is refused is an event when the promoted version serves.
            guard let promoted else { throw error }
            return promoted.granted
        }
    }
}
