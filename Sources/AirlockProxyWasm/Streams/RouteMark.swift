import Synchronization

/// Whether a stream's route is to be chosen anew, which the server sees without a hop to the stream's worker loop.
final class RouteMark: Sendable {
    private let mark = Atomic<Bool>(false)

    var isSet: Bool {
        get { mark.load(ordering: .relaxed) }
        set { mark.store(newValue, ordering: .relaxed) }
    }
}
