import Wasmtime

/// A version that is being tried, on one worker loop.
final class CandidateInstances {
    /// What a call came to.
    enum Outcome: Equatable {
        /// Its result; nil where the function has none.
        case result(RawValue?)
        case error(PluginError.Code)
    }

    /// A call that the running version has served.
    struct Copy {
        var signature: GuestSignature
        var arguments: CallSlots
        var outcome: Outcome
    }

    /// Copies that wait at the most. A version that is slower than the running one gets fewer.
    private static let mostCopies = 64

    let version: PluginVersion
    let trial: Trial
    var idle: LiveInstance?
    private var copies: [Copy] = []
    private let wake: () -> Void

    /// - Parameter wake: has a waiting copy run when the loop has time.
    init(_ version: PluginVersion, _ trial: Trial, idle: LiveInstance?, wake: @escaping () -> Void) {
        self.version = version
        self.trial = trial
        self.idle = idle
        self.wake = wake
    }

    func append(_ copy: Copy) {
        guard copies.count < Self.mostCopies else { return }
        copies.append(copy)
        wake()
    }

    func nextCopy() -> Copy? {
        copies.isEmpty ? nil : copies.removeFirst()
    }
}
