import Airlock
import AirlockHTTP
import AirlockProxyWasm
import Foundation
import Hummingbird

/// What operators can do with the versions of a plugin. Each answers with the versions that there are then.
struct ReleaseRoutes: Sendable {
    let filters: FilterSet

    func add(to router: Router<AdminContext>) {
        router.get("/plugins/:plugin/versions") { _, context in
            try AdminJSON.response(await PluginVersions(of: try filter(context).releases))
        }
        add("reload", ["strategy"], makesVersion: true, to: router) { filter, fields in
            let strategy = try strategy(try fields.text("strategy"), of: filter)
            try await filters.reload(filter, strategy)
        }
        add("promote", ["version"], to: router) { filter, fields in
            try await filter.releases.promote(try fields.number("version"))
        }
        add("rollback", ["version"], to: router) { filter, fields in
            try await filter.releases.rollBack(to: try fields.number("version"))
        }
        add("drop", ["version"], to: router) { filter, fields in
            try await filter.releases.drop(try fields.number("version"))
        }
        add("quarantine", ["digest", "reason"], to: router) { filter, fields in
            let reason = try fields.text("reason") ?? ""
            guard !reason.isEmpty, reason.utf8.count <= 1000 else {
                throw RequestFields.mistake("reason: expected a text of 1 to 1000 bytes")
            }
            try await filter.releases.quarantine(try fields.digest(), because: reason)
        }
        add("readmit", ["digest"], to: router) { filter, fields in
            try await filter.releases.readmit(try fields.digest())
        }
    }

    private func add(
        _ verb: String,
        _ known: [String],
        makesVersion: Bool = false,
        to router: Router<AdminContext>,
        _ body: @escaping @Sendable (ProxyWasmFilter, RequestFields) async throws -> Void
    ) {
        router.post(RouterPath("/plugins/:plugin/\(verb)")) { request, context in
            let filter = try filter(context)
            let fields = try await RequestFields(request, known: known)
            do {
                try await body(filter, fields)
            } catch let error as PluginError {
                let namesVersion = fields.has("version") || verb == "readmit"
                throw AdminError(error, makesVersion: makesVersion, namesVersion: namesVersion)
            } catch let error as RemoteModuleError {
                throw AdminError(error, plugin: filter.name)
            }
            return try AdminJSON.response(await PluginVersions(of: filter.releases))
        }
    }

    private func filter(_ context: AdminContext) throws -> ProxyWasmFilter {
        let name = try context.parameters.require("plugin")
        let plain = name.removingPercentEncoding ?? name
        guard let filter = filters.filter(plain) else {
            let reason = filters.refusal(plain).map { ": \($0.message.prefix(4096))" } ?? ""
            throw AdminError(.notFound, code: "notFound", "no plugin \"\(name.prefix(100))\"\(reason)")
        }
        return filter
    }

    private func strategy(_ name: String?, of filter: ProxyWasmFilter) throws(AdminError) -> ReloadStrategy? {
        switch name {
        case nil: return nil
        case "immediate": return .immediate
        case "manual": return .manual
        case "canary": return filters.canary(filter.name).strategy
        case .some(let other):
            throw RequestFields.mistake(
                "strategy: expected immediate, canary or manual, found \"\(other.prefix(100))\"")
        }
    }
}
