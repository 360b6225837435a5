import CLibuv

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A thread that runs one closure, and that is joined or detached exactly once. Those of loops are, and others that may wait for long: the
/// threads of Dispatch are few and run Swift's tasks too.
package final class LoopThread: Sendable {
    /// In bytes. Guests run on this thread together with the Swift host functions that they call.
    static let stackSize = 8 << 20

    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// `nil` once the thread was joined.
    private let thread: Locked<airlock_thread?>

    /// Starts the thread. Fails with libuv's status where the system has no thread left.
    package init(name: String, body: @escaping @Sendable () -> Void) throws(LibuvFailure) {
        let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
        var thread = airlock_thread()
        let entry: uv_thread_cb = { argument in
            guard let argument = unsafe argument else {
                return
            }
            // Retained by the initialiser for this one call.
            let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
            setCurrentThreadName(start.name)
            start.body()
        }
        let status = unsafe airlock_thread_start(&thread, Self.stackSize, entry, start.toOpaque())
        guard status == 0 else {
            unsafe start.release()
            throw LibuvFailure(status: status, operation: "uv_thread_create_ex")
        }
        self.thread = Locked(thread)
    }

    deinit {
        thread.withLock { thread in
            if let running = thread {
                airlock_thread_detach(running)
            }
        }
    }

    /// Waits until the thread has ended. Must not be called on the thread itself.
    func join() {
        thread.withLock { thread in
            if let running = thread {
                airlock_thread_join(running)
                thread = nil
            }
        }
    }

    /// An identifier of the calling thread, never 0, that no other running thread has.
    @inline(__always)
    static var currentID: UInt {
        UInt(airlock_current_thread())
    }
}

/// Names the calling thread for `top`, debuggers and crash reports. Linux shows 15 bytes: the end of the name is kept,
/// because that is where the loops of one group differ.
private func setCurrentThreadName(_ name: String) {
    var end = Substring(name)
    while end.utf8.count > 15 {
        end.removeFirst()
    }
    unsafe airlock_name_current_thread(String(end))
}
