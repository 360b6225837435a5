import Foundation

/// The testing library keeps the backtrace of every error that is thrown until its test has ended. NIO and its clients throw errors by the
/// thousand, which would look like a leak of theirs.
enum ErrorBacktraces {
    private typealias SetHandler = @convention(c) (UnsafeRawPointer?) -> UnsafeRawPointer?

    /// Has no more of them made in this process.
    static func stop() {
        for name in ["swt_setWillThrowHandler", "swt_setWillThrowTypedHandler"] {
            // Safe: the library declares both so, and takes a null pointer for "none". Where there is no such function, backtraces stay.
            let set = unsafe unsafeBitCast(dlsym(nil, name), to: SetHandler?.self)
            _ = set?(nil)
        }
    }
}
