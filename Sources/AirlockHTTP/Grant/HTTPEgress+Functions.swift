public import Airlock
import NIOCore

extension HTTPEgress {
    public static let functions = HostFunctions<Self>(module: "airlock:http") {
        HostFunction("send") { (egress, call, request: [UInt8]) async throws(HostError) -> Int32 in
            try await egress.send(request, for: call)
        }
        HostFunction("status") { (egress, call, handle: Int32) throws(HostError) -> UInt32 in
            try egress.responses(of: call).response(handle).status
        }
        HostFunction("head") { (egress, call, handle: Int32) throws(HostError) -> [UInt8] in
            try egress.responses(of: call).response(handle).head
        }
        HostFunction("body_length") { (egress, call, handle: Int32) throws(HostError) -> UInt32 in
            UInt32(clamping: try egress.responses(of: call).response(handle).body.count)
        }
        HostFunction("body") {
            (egress, call, handle: Int32, from: UInt32, room: GuestBuffer) throws(HostError) -> UInt32 in
            let part = try egress.responses(of: call).response(handle).body.dropFirst(Int(from)).prefix(
                Int(room.capacity))
            try call.write(Array(part), at: room.offset)
            return UInt32(clamping: part.count)
        }
        HostFunction("close") { (egress, call, handle: Int32) throws(HostError) -> Void in
            try egress.responses(of: call).remove(handle)
        }
    }

    /// Sends a request as a guest wrote it, and keeps the response for the call.
    private func send(_ bytes: [UInt8], for call: AsyncHostCall) async throws(HostError) -> Int32 {
        // What cannot fit is not read.
        let (most, isBoundless) = limits.requestBytes.addingReportingOverflow(limits.headerBytes)
        guard isBoundless || bytes.count - EgressRequest.mostOtherBytes <= most else {
            return HTTPEgressResult.requestTooLarge.rawValue
        }
        let request = try EgressRequest(bytes)
        guard request.body.count <= limits.requestBytes, request.headerBytes <= limits.headerBytes,
            request.headers.count <= limits.headerFields
        else { return HTTPEgressResult.requestTooLarge.rawValue }
        let responses = call.callValue(makeResponses)
        let kept = responses.usage
        guard kept.count < limits.keptResponses, kept.bytes < limits.keptBytes, !usage.keptBytes.isFull
        else {
            return HTTPEgressResult.tooMuchKept.rawValue
        }
        guard usage.requests.take() else { return HTTPEgressResult.overloaded.rawValue }
        defer { usage.requests.release() }
        let exchange = EgressExchange(egress: self, call: call, room: limits.keptBytes - kept.bytes)
        let time = [limits.timeout, request.timeout ?? limits.timeout, call.remainingTime].min() ?? limits.timeout
        do {
            let response = try await within(time, on: client.eventLoops.any()) { try await exchange.run(request) }
            return responses.add(response) ?? HTTPEgressResult.tooMuchKept.rawValue
        } catch let error as HostError {
            throw error
        } catch {
            return HTTPEgressResult(error).rawValue
        }
    }

    private func responses(of call: borrowing HostCall) -> KeptResponses { call.callValue(makeResponses) }

    private func makeResponses() -> KeptResponses { KeptResponses(usage.keptBytes) }
}
