import Synchronization

/// The plugins of a folder, each with a line of its own of what is to be done with it.
final class FolderMembers<Member: ReleasedPlugin>: Sendable {
    private enum Step: Sendable {
        case bring(PluginFolder.Found)
        case remove(PluginFolder.Found)
    }

    private struct Place {
        var member: Member?
        var refusal: PluginError?
        /// What is to be done next. A newer step takes its place: what was in the folder in between is of no interest.
        var next: Step?
        /// Does one step after another, until there is none.
        var work: Task<Void, Never>?
        /// Tries again what was refused for what passes.
        var retry: Task<Void, Never>?
        /// How long to wait before that.
        var pause = Duration.seconds(1)
    }

    private struct State {
        var places: [String: Place] = [:]
        var isClosed = false
        /// Whether all that was there at first was tried.
        var isFollowing = false
    }

    private let folder: PluginFolder
    private let removed: RemovedPlugin
    private let services: HostServices
    private let load: @Sendable (PluginFolder.Found) async throws -> Member?
    private let state = Mutex(State())

    init(
        of folder: PluginFolder,
        removed: RemovedPlugin,
        services: HostServices,
        _ load: @escaping @Sendable (PluginFolder.Found) async throws -> Member?
    ) {
        self.folder = folder
        self.removed = removed
        self.services = services
        self.load = load
    }

    func member(_ name: String) -> Member? {
        let member = state.withLock { $0.places[name]?.member }
        return member?.releases.serving == nil ? nil : member
    }

    var names: [String] {
        let members = state.withLock { $0.places.compactMapValues(\.member) }
        return members.filter { $0.value.releases.serving != nil }.keys.sorted()
    }

    var refusals: [String: PluginError] { state.withLock { $0.places.compactMapValues(\.refusal) } }

    /// Begins to follow a change.
    func take(_ change: PluginFolder.Change) {
        switch change {
        case .difference(let difference):
            for found in difference.added + difference.changed { plan(.bring(found), for: found.name) }
            for found in difference.removed { plan(.remove(found), for: found.name) }
        case .unreadable(let error):
            services.events.send(.folderUnreadable(error), plugin: folder.plugin ?? "", version: 0)
        }
    }

    private func plan(_ step: Step, for name: String) {
        state.withLock { state in
            guard !state.isClosed else { return }
            state.places[name, default: Place()].next = step
            state.places[name]?.retry?.cancel()
            state.places[name]?.retry = nil
            guard state.places[name]?.work == nil else { return }
            // It cannot end before it is entered here: that needs the lock.
            state.places[name]?.work = Task { await self.work(for: name) }
        }
    }

    private func work(for name: String) async {
        while let step = nextStep(for: name) {
            switch step {
            case .bring(let found): await bring(found)
            case .remove(let found): await remove(found)
            }
        }
    }

    private func nextStep(for name: String) -> Step? {
        state.withLock { state in
            let step = state.places[name]?.next
            state.places[name]?.next = nil
            guard step == nil else { return step }
            state.places[name]?.work = nil
            // Nothing is left to be known of it.
            if let place = state.places[name], place.member == nil, place.refusal == nil { state.places[name] = nil }
            return nil
        }
    }

    private func bring(_ found: PluginFolder.Found) async {
        await services.compiler.waitForWriters(of: found.source) { isFollowed(found.name) }
        do {
            if let member = member(found.name) {
                try await member.releases.reload(foundAt: found.path)
                end(found, member, nil)
            } else {
                let member = try await load(found)
                // It may have been loaded after all of them were unloaded.
                if end(found, member, nil) { await member?.releases.unload() }
            }
        } catch {
            let error = error as? PluginError ?? PluginError(.configuration, plugin: found.name, message: "\(error)")
            let member = member(found.name)
            end(found, member, error)
            if error.passes { tryAgain(found, isBeingWritten: error.code == .incomplete) }
            if member == nil { services.events.send(.loadFailed(error), plugin: found.name, version: 0) }
        }
    }

    /// Whether a change of the plugin is waited for to be whole, which is until something newer is known of it.
    private func isFollowed(_ name: String) -> Bool {
        state.withLock { $0.isFollowing && !$0.isClosed && $0.places[name]?.next == nil }
    }

    private func tryAgain(_ found: PluginFolder.Found, isBeingWritten: Bool) {
        state.withLock { state in
            guard !state.isClosed, let place = state.places[found.name], place.next == nil else { return }
            let pause = isBeingWritten ? .milliseconds(10) : place.pause
            if !isBeingWritten { state.places[found.name]?.pause = min(pause * 2, .seconds(60)) }
            state.places[found.name]?.retry = Task { [weak self] in
                guard (try? await Task.sleep(for: pause)) != nil else { return }
                self?.plan(.bring(found), for: found.name)
            }
        }
    }

    /// - Returns: Whether nothing is loaded any more.
    @discardableResult
    private func end(_ found: PluginFolder.Found, _ member: Member?, _ refusal: PluginError?) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return true }
            state.places[found.name]?.member = member
            state.places[found.name]?.refusal = refusal
            if refusal == nil { state.places[found.name]?.pause = .seconds(1) }
            return false
        }
    }

    private func remove(_ found: PluginFolder.Found) async {
        let member = member(found.name)
        services.events.send(
            .removalSeen(path: found.path), plugin: found.name, version: member?.releases.serving?.number ?? 0)
        if removed == .isUnloaded { await member?.releases.unload() }
        end(found, removed == .isUnloaded ? nil : member, nil)
    }

    /// Waits for all that is being done.
    func settle() async {
        let work = state.withLock { $0.places.values.compactMap(\.work) }
        for task in work { await task.value }
        state.withLock { $0.isFollowing = true }
    }

    /// Begins nothing more, and ends what is being loaded.
    func close() {
        let work = state.withLock { state in
            state.isClosed = true
            for name in state.places.keys {
                state.places[name]?.next = nil
                state.places[name]?.retry?.cancel()
            }
            return state.places.values.compactMap(\.work)
        }
        for task in work { task.cancel() }
    }

    func unload() async {
        close()
        await settle()
        let members = state.withLock { state in
            defer { state.places = [:] }
            return state.places.values.compactMap(\.member)
        }
        for member in members { await member.releases.unload() }
    }
}
