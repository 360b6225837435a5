import Airlock
import AirlockTesting
import Testing

@Suite("What a policy file imposes")
struct PolicyQuotaTests {
    static let module =
        #"(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))"#
    static let anything = ManifestSource.manifest(PluginManifest(name: "cart"))

    static func read(_ yaml: String) throws(PluginError) -> PluginPolicy {
        try PolicyReader().read(yaml: Array(yaml.utf8))
    }

    @Test("Shares of worker loops and crash loops are read with their units; what is left out has its default")
    func hostLimits() throws {
        let limits = try Self.read(
            """
            limits:
              loopTime: 200 ms
              loopBurst: 50 ms
              crashLoop: { failures: 2, window: 3 s, firstPause: 1 s, longestPause: 1 min, quarantineAfter: 4 }
            """
        ).limits
        #expect(limits.loopShare == LoopShare(perSecond: .milliseconds(200), burst: .milliseconds(50)))
        #expect(
            limits.crashLoop
                == CrashLoopPolicy(
                    failures: 2, window: .seconds(3), firstPause: .seconds(1), longestPause: .seconds(60),
                    quarantineAfter: 4))
        let least = try Self.read("limits: { loopTime: 10 ms, crashLoop: {} }").limits
        #expect(least.loopShare == LoopShare(perSecond: .milliseconds(10), burst: .milliseconds(10)))
        #expect(least.crashLoop == CrashLoopPolicy())
        let none = try Self.read("{}")
        #expect(none.limits.loopShare == nil)
        #expect(none.limits.crashLoop == nil)
        #expect(none.quota == nil)
        #expect(none.pluginQuotas.isEmpty)
    }

    @Test("Quotas are read by name, with rates, bursts, memory and calls")
    func quotas() throws {
        let policy = try Self.read(
            """
            quotas:
              tenant-a:
                fuelPerSecond: 1000
                fuelBurst: 3000
                memory: 64 MiB
                hostCallsPerSecond: 10
                egressBytesPerSecond: 1 MiB
                egressBytesBurst: 4 MiB
                logBytesPerSecond: 64 KiB
                concurrentCalls: 2
                queuedCalls: 8
              batch: {}
            quota: tenant-a
            plugins:
              nightly: { quota: batch }
              hourly: { quota: batch }
            """)
        let quota = try #require(policy.quota)
        #expect(quota.name == "tenant-a")
        #expect(quota.fuel == QuotaRate(1_000, burst: 3_000))
        #expect(quota.memory == 64 << 20)
        #expect(quota.hostCalls == QuotaRate(10))
        #expect(quota.egressBytes == QuotaRate(1 << 20, burst: 4 << 20))
        #expect(quota.logBytes == QuotaRate(64 << 10))
        #expect(quota.concurrentCalls == 2)
        #expect(quota.queuedCalls == 8)
        let batch = try #require(policy.pluginQuotas["nightly"])
        #expect(batch.name == "batch")
        #expect(batch.fuel == nil)
        #expect(batch.memory == nil)
        #expect(batch.concurrentCalls == nil)
        #expect(policy.pluginQuotas["hourly"] === batch)
    }

    @Test(
        "A mistake is reported with its place, what was expected and what came",
        arguments: [
            (
                "limits: { loopTime: 2 s }",
                "policy.yaml:1:21: limits.loopTime: expected a duration with its unit such as 100 ms or 2 s, "
                    + "from 1e-06 seconds to 1.0 seconds, came the text '2 s'"
            ),
            ("limits: { loopTime: 20 }", "policy.yaml:1:21: limits.loopTime: expected a duration with its unit"),
            ("limits: { loopTime: 1 MiB }", "policy.yaml:1:21: limits.loopTime: expected a duration with its unit"),
            (
                "limits: { loopBurst: 1 s }",
                "policy.yaml:1:9: limits.loopTime is missing; expected the time of each second"
            ),
            (
                "limits: { loopShare: 1 s }",
                "policy.yaml:1:11: limits.loopShare is not a known key; expected one of callsPerInstance, concurrentCalls, crashLoop"
            ),
            (
                "limits: { crashLoop: { failures: 0 } }",
                "policy.yaml:1:34: limits.crashLoop.failures: expected a whole number from 1, came the number 0"
            ),
            (
                "limits: { crashLoop: { windows: 1 s } }",
                "policy.yaml:1:24: limits.crashLoop.windows is not a known key (did you mean 'window'?)"
            ),
            (
                "limits: { crashLoop: { firstPause: 1 min, longestPause: 5 s } }",
                "policy.yaml:1:57: limits.crashLoop.longestPause: expected at least firstPause, which is 60.0 seconds, came the text '5 s'"
            ),
            (
                "quotas:\n  a: { fuelPerSecond: 1 KiB }\nquota: a",
                "policy.yaml:2:23: quotas.a.fuelPerSecond: expected a whole number from 1, came the text '1 KiB'"
            ),
            (
                "quotas:\n  a: { logBytesPerSecond: 1 s }\nquota: a",
                "policy.yaml:2:27: quotas.a.logBytesPerSecond: expected a number of bytes such as 64 KiB or 16 MiB, from 1, came the text '1 s'"
            ),
            (
                "quotas:\n  a: { fuelBurst: 1 }\nquota: a",
                "policy.yaml:2:6: quotas.a.fuelPerSecond is missing; expected what comes back in a second, up to fuelBurst"
            ),
            (
                "quotas:\n  a: { queuedCalls: 1 }\nquota: a",
                "policy.yaml:2:6: quotas.a.concurrentCalls is missing"
            ),
            (
                "quotas:\n  a: { memroy: 1 MiB }\nquota: a",
                "policy.yaml:2:8: quotas.a.memroy is not a known key (did you mean 'memory'?)"
            ),
            (
                "quotas: { team: {} }\nquota: taem",
                "policy.yaml:2:8: quota: expected a quota that stands under quotas, one of team (did you mean 'team'?), came the text 'taem'"
            ),
            (
                "quota: team",
                "policy.yaml:1:8: quota: expected a quota that stands under quotas, the name of one, and there are none, came the text 'team'"
            ),
            (
                "quotas: { team: {} }\nplugins: { cart: { quota: tem } }",
                "policy.yaml:2:27: plugins.cart.quota: expected a quota that stands under quotas, one of team (did you mean 'team'?)"
            ),
            ("plugins: { cart: {} }", "policy.yaml:1:18: plugins.cart.quota is missing; expected the name of a quota"),
            (
                "quotas: { team: {}, rest: {} }\nquota: team",
                "policy.yaml:1:9: quotas: expected only quotas that quota or plugins name, and neither names 'rest'"
            ),
            ("quotas: [team]", "policy.yaml:1:9: quotas: expected a map, came a list of 1"),
        ]
    )
    func mistakes(yaml: String, message: String) throws {
        let error = try #require(throws: PluginError.self) { try Self.read(yaml) }
        #expect(error.code == .configuration)
        #expect(error.message.contains(message), "\(error.message)")
    }

    @Test(
        "A manifest cannot wish for what is the host's to impose",
        arguments: ["loopTime: 1 s", "crashLoop: {}", "quota: a"])
    func notWished(key: String) throws {
        let yaml = "name: cart\nlimits: { \(key) }"
        let error = try #require(throws: PluginError.self) { try PluginManifest(yaml: Array(yaml.utf8)) }
        #expect(error.code == .manifest)
        #expect(error.message.contains("plugin.yaml:2:11: limits.\(key.prefix { $0 != ":" }) is not a known key"))
    }

    @Test("What a policy imposes holds whatever the manifest asks for")
    func imposed() async throws {
        let policy = try Self.read(
            "limits: { loopTime: 900 ms, crashLoop: { failures: 7 } }\nquotas: { team: {} }\nquota: team")
        var manifest = PluginManifest(name: "cart")
        manifest.limits.fuel = 5_000
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(Self.module), under: policy, manifest: .manifest(manifest))
            #expect(plugin.limits.fuel == 5_000)
            #expect(plugin.limits.loopShare?.perSecond == .milliseconds(900))
            #expect(plugin.limits.crashLoop?.failures == 7)
        }
    }

    @Test("Plugins under one policy share its quota, and those that it names another one")
    func shared() async throws {
        let policy = try Self.read(
            """
            quotas:
              team: { fuelPerSecond: 1, fuelBurst: 1 }
              batch: { fuelPerSecond: 1000000 }
            quota: team
            plugins: { nightly: { quota: batch } }
            """)
        try await withPluginHost { host in
            var plugins: [Plugin] = []
            for name in ["a", "b", "nightly"] {
                // Copies of a policy share its quotas as well.
                var copy = policy
                copy.limits.fuel = 10_000
                plugins.append(
                    try await host.load(.wat(Self.module), name: name, under: copy, manifest: Self.anything))
            }
            func add(_ plugin: Plugin) async throws {
                let add = try plugin.function("add", taking: Int32.self, Int32.self, returning: Int32.self)
                #expect(try await plugin.call(add, 1, 2).value == 3)
            }
            try await add(plugins[0])
            // The one call used up what both share.
            let error = await #expect(throws: PluginError.self) { try await add(plugins[1]) }
            #expect(error?.code == .quotaExceeded)
            #expect(error?.quota == "team")
            try await add(plugins[2])
            try await add(plugins[2])
        }
    }

    @Test("A plugin cannot have the caller's quota and the policy's")
    func twoQuotas() async throws {
        let policy = try Self.read("quotas: { team: {} }\nquota: team")
        let other = try Quota("other")
        try await withPluginHost { host in
            let error = await #expect(throws: PluginError.self) {
                try await host.load(.wat(Self.module), under: policy, manifest: Self.anything, quota: other)
            }
            #expect(error?.code == .configuration)
            #expect(error?.message == "expected one quota, came 'other' and the policy's 'team'")
            _ = try await host.load(.wat(Self.module), under: policy, manifest: Self.anything, quota: policy.quota)
        }
    }
}
