/// What a call goes by. The lowest two bits of a call's number say so, as in Envoy's host.
enum CallOutKind: UInt32, CaseIterable {
    case http = 0
    case grpcCall = 1
    case grpcStream = 2

    private static let mask: UInt32 = 3

    /// The kind of the call with that number.
    init?(of id: UInt32) {
        self.init(rawValue: id & Self.mask)
    }

    /// The number after `id`, which is one of this kind or 0. The first is the fourth after the kind's own; after a thousand million calls
    /// they begin again.
    func next(after id: UInt32) -> UInt32 {
        let next = (id & ~Self.mask) &+ (Self.mask + 1)
        return next == 0 ? Self.mask + 1 + rawValue : next | rawValue
    }
}

/// What `proxy_get_status` answers: how the last call of a root context ended that ended badly or was a gRPC call.
struct CallStatus {
    /// What Envoy's host has for an HTTP call without an answer ("broken connection").
    static let httpCallFailed = CallStatus(code: 11, message: "reset")

    /// A status of gRPC, or ``httpCallFailed``'s.
    var code: UInt32 = 0
    /// There only while the guest is told.
    var message = ""
}
