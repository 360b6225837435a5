#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Ends this process when nobody is left to read its answer: when the host ended, however it did.
///
/// Linux has a signal for the end of a parent, but it comes at the end of the *thread* that started the child.
enum ParentWatch {
    static func start() {
        var attributes = pthread_attr_t()
        // Safe: each call here uses the local values for no longer than it takes, and the thread gets none of them.
        unsafe pthread_attr_init(&attributes)
        // The thread only waits. Its stack counts as address space.
        unsafe pthread_attr_setstacksize(&attributes, 64 << 10)
        #if canImport(Darwin)
        var thread: pthread_t?
        #else
        var thread = pthread_t()
        #endif
        _ = unsafe pthread_create(&thread, &attributes, { _ in unsafe ParentWatch.wait() }, nil)
    }

    private static func wait() -> UnsafeMutableRawPointer? {
        // A pipe that nobody reads reports an error, whether that was asked for or not.
        var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        // Safe: `poll` uses the one descriptor that it is told of.
        while unsafe poll(&output, 1, -1) <= 0 {}
        _exit(1)
    }
}
