#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// `getaddrinfo`, called on the thread that asks. NIO calls it on threads of Dispatch's only.
enum SystemLookup {
    /// What `getaddrinfo` says where it fails.
    struct Failure: Error {
        let code: Int32
    }

    /// The addresses of a name, IPv4 before IPv6. Those of one family are in random order, so that requests spread over them.
    static func addresses(of name: String) throws(Failure) -> [IPAddress] {
        // Safe: the list is read before it is freed, and is null-terminated, as POSIX says of `getaddrinfo`.
        var hints = unsafe addrinfo()
        #if canImport(Darwin)
        unsafe hints.ai_socktype = SOCK_STREAM
        #else
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(name, nil, &hints, &list)
        guard code == 0 else { throw Failure(code: code) }
        defer { unsafe freeaddrinfo(list) }
        var found: [IPAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            if let address = unsafe IPAddress(entry.pointee) { found.append(address) }
            unsafe next = entry.pointee.ai_next
        }
        return found.filter(\.isIPv4).shuffled() + found.filter { !$0.isIPv4 }.shuffled()
    }
}

extension IPAddress {
    /// The address of an entry of `getaddrinfo`; nil where it is of another family.
    fileprivate init?(_ entry: addrinfo) {
        // Safe: `ai_addrlen` bytes are at `ai_addr`, and are read only where they are as many as the type has.
        let bytes = unsafe UnsafeRawBufferPointer(start: entry.ai_addr, count: Int(entry.ai_addrlen))
        switch unsafe entry.ai_family {
        case AF_INET where bytes.count >= MemoryLayout<sockaddr_in>.size:
            self.init(v4: UInt32(bigEndian: unsafe bytes.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6 where bytes.count >= MemoryLayout<sockaddr_in6>.size:
            let address = unsafe bytes.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            self.init(
                v6: unsafe withUnsafeBytes(of: address) {
                    UInt128(bigEndian: unsafe $0.loadUnaligned(as: UInt128.self))
                })
        default: return nil
        }
    }
}
