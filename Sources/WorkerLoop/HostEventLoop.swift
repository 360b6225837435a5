/// An event loop of another library that lends its thread to a worker loop (``WorkerLoop/init(name:embeddedIn:)``), such as one of SwiftNIO.
///
/// It runs closures on one thread, always the same, for as long as the worker loop has not shut down.
public protocol HostEventLoop: AnyObject, Sendable {
    /// Runs a closure on the thread, soon, after those that were handed over before. Called from any thread, this one included.
    func execute(_ work: @escaping @Sendable () -> Void)

    /// Runs a closure on the thread after a delay, or a little later.
    func schedule(after delay: Duration, _ work: @escaping @Sendable () -> Void)
}
