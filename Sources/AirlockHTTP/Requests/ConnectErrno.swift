#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// Error numbers that an attempt to connect ends with before anything was sent. NIO has them as numbers without names.
enum ConnectErrno {
    static let all: Set<Int32> = [ECONNREFUSED, ENETUNREACH, EADDRNOTAVAIL, EAFNOSUPPORT]
}
