import Airlock
import AirlockProxyWasm
import Gateway
import Testing

@Suite struct `Versions of a plugin` {
    @Test func `a staged version serves nothing until it is promoted, and the one before comes back by a rollback`()
        async throws
    {
        try await FilterOfAFile.with(ReloadPolicy(strategy: .manual)) { filter in
            try await filter.write("add-header-v2")
            #expect(try await filter.change("reload").states == ["2 staged", "1 serving"])
            #expect(try await filter.build() == "1")
            #expect(try await filter.change("promote").states == ["2 serving", "1 kept"])
            #expect(try await filter.build() == "2")
            #expect(try await filter.change("rollback").states == ["2 kept", "1 serving"])
            #expect(try await filter.build() == "1")
            #expect(try await filter.change("rollback", #"{"version": 2}"#).serving == 2)
            #expect(try await filter.build() == "2")
        }
    }

    @Test func `a reload takes over as its body says`() async throws {
        try await FilterOfAFile.with { filter in
            try await filter.write("add-header-v2")
            #expect(try await filter.change("reload", #"{"strategy": "manual"}"#).states == ["2 staged", "1 serving"])
            #expect(try await filter.change("drop").states == ["1 serving"])
            #expect(try await filter.change("reload").states == ["3 serving", "1 kept"])
            #expect(try await filter.build() == "2")
        }
    }

    @Test func `each user stays on the running version or on the canary`() async throws {
        let terms = CanaryTerms(share: 0.5, window: .seconds(3600))
        try await FilterOfAFile.with(canary: terms, key: .header("x-user")) { filter in
            try await filter.write("add-header-v2")
            #expect(try await filter.change("reload", #"{"strategy": "canary"}"#).states == ["2 canary", "1 serving"])
            var builds: Set<String?> = []
            for user in 1...32 {
                let headers = [("x-user", "user-\(user)")]
                let build = try await filter.build(headers: headers)
                #expect(try await filter.build(headers: headers) == build)
                builds.insert(build)
            }
            #expect(builds == ["1", "2"])
            let trial = try #require(try await filter.versions().versions.first?.trial)
            #expect((2...62).contains(trial.calls))
            #expect(trial.failures == 0)
            #expect(try await filter.change("promote").states == ["2 serving", "1 kept"])
            for user in 1...8 { #expect(try await filter.build(headers: [("x-user", "user-\(user)")]) == "2") }
        }
    }

    @Test func `without the header that is the key, the client's address is`() async throws {
        let terms = CanaryTerms(share: 0.5, window: .seconds(3600))
        try await FilterOfAFile.with(canary: terms, key: .header("x-user")) { filter in
            try await filter.write("add-header-v2")
            try await filter.change("reload", #"{"strategy": "canary"}"#)
            var builds: Set<String?> = []
            for _ in 1...16 { builds.insert(try await filter.build()) }
            #expect(builds.count == 1)
        }
    }

    @Test func `a canary that fails is quarantined, and no request fails`() async throws {
        let terms = CanaryTerms(share: 1, window: .seconds(3600), errorBudget: ErrorBudget(share: 0, ofAtLeast: 1))
        try await FilterOfAFile.with(canary: terms) { filter in
            try await filter.write("unruly")
            let began = try await filter.change("reload", #"{"strategy": "canary"}"#)
            var versions = began
            while versions.quarantined.isEmpty {
                let answer = try await filter.gateway.send("GET", "/", headers: [("x-unruly", "trap")])
                #expect(answer.status == 200)
                #expect(answer.headers["x-airlock-build"] == "1")
                versions = try await filter.versions()
            }
            #expect(versions.states == ["1 serving"])
            #expect(versions.quarantined.map(\.digest) == began.versions.prefix(1).map(\.digest))
        }
    }

    @Test func `a quarantined module is refused until it is readmitted`() async throws {
        try await FilterOfAFile.with { filter in
            try await filter.write("add-header-v2")
            let digest = try #require(try await filter.change("reload").versions.first?.digest)
            let body = #"{"digest": "\#(digest)", "reason": "it is wrong"}"#
            let quarantined = try await filter.change("quarantine", body)
            #expect(quarantined.states == ["1 serving"])
            #expect(quarantined.quarantined.map(\.reason) == ["it is wrong"])
            #expect(try await filter.build() == "1")
            let refusal = try await filter.refusal("reload")
            #expect(refusal.status == 422)
            #expect(refusal.error.code == "quarantined")
            #expect(refusal.error.message.contains("it is wrong"))
            #expect(try await filter.change("readmit", #"{"digest": "\#(digest)"}"#).quarantined.isEmpty)
            try await filter.change("reload")
            #expect(try await filter.build() == "2")
        }
    }

    @Test func `a module that is none is refused, and the running version goes on`() async throws {
        try await FilterOfAFile.with { filter in
            try filter.write(text: "not WebAssembly")
            let refusal = try await filter.refusal("reload")
            #expect(refusal.status == 422)
            #expect(refusal.error.code == "invalidModule")
            #expect(try await filter.versions().states == ["1 serving"])
            #expect(try await filter.build() == "1")
        }
    }

    @Test func `what cannot be done now is a conflict that says what there is`() async throws {
        try await FilterOfAFile.with { filter in
            for verb in ["promote", "drop", "rollback"] {
                let refusal = try await filter.refusal(verb)
                #expect(refusal.status == 409)
                #expect(refusal.error.code == "noSuchVersion")
                #expect(refusal.error.message.contains("1 (serving)"))
            }
            let serving = try #require(try await filter.versions().versions.first?.digest)
            let alone = try await filter.refusal("quarantine", #"{"digest": "\#(serving)", "reason": "r"}"#)
            #expect(alone.status == 409)
            #expect(alone.error.code == "noSuchVersion")
        }
    }

    @Test func `a version or a module that there is not is not found`() async throws {
        try await FilterOfAFile.with { filter in
            for verb in ["promote", "drop", "rollback"] {
                let refusal = try await filter.refusal(verb, #"{"version": 7}"#)
                #expect(refusal.status == 404)
                #expect(refusal.error.code == "noSuchVersion")
            }
            let digest = String(repeating: "0a", count: 32)
            #expect(try await filter.refusal("readmit", #"{"digest": "\#(digest)"}"#).status == 404)
        }
    }

    @Test func `a plugin that there is not is not found`() async throws {
        try await FilterOfAFile.with { filter in
            let answer = try await filter.gateway.sendToAdmin("/plugins/filer/versions")
            #expect(answer.status == 404)
            #expect(try ErrorAnswer(answer.body).error.message == "no plugin \"filer\"")
            #expect(try await filter.gateway.sendToAdmin("/plugins/filer/reload", method: "POST").status == 404)
            #expect(try await filter.gateway.sendToAdmin("/plugins/%66ilter/versions").status == 200)
        }
    }

    @Test(arguments: [
        ("reload", "{", "a JSON object"),
        ("reload", "[]", "a JSON object"),
        ("reload", #"{"strateg": "manual"}"#, "did you mean strategy?"),
        ("reload", #"{"strategy": 1}"#, "strategy: expected a text"),
        ("reload", #"{"strategy": "shadow"}"#, "expected immediate, canary or manual, found \"shadow\""),
        ("rollback", #"{"version": "1"}"#, "version: expected a whole number"),
        ("rollback", #"{"version": 1e30}"#, "version: expected a whole number"),
        ("promote", #"{"version": null}"#, "version: expected a whole number"),
        ("quarantine", #"{"digest": "abc", "reason": "r"}"#, "64 hexadecimal digits"),
        ("quarantine", #"{"digest": "abc"}"#, "reason: expected a text"),
        ("readmit", "", "64 hexadecimal digits"),
    ])
    func `a body that is not understood is a bad request`(verb: String, body: String, message: String) async throws {
        try await FilterOfAFile.with { filter in
            let refusal = try await filter.refusal(verb, body)
            #expect(refusal.status == 400)
            #expect(refusal.error.code == "badRequest")
            #expect(refusal.error.message.contains(message), "\(refusal.error.message)")
            #expect(try await filter.versions().states == ["1 serving"])
        }
    }

    @Test func `a body that is too large is not read`() async throws {
        try await FilterOfAFile.with { filter in
            let refusal = try await filter.refusal("reload", String(repeating: " ", count: 17 << 10))
            #expect(refusal.status == 413)
        }
    }
}
