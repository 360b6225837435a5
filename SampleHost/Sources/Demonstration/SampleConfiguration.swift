/// The configuration that the demonstration runs: every sample plugin on a route of its own, some together.
enum SampleConfiguration {
    /// The YAML text. Plugins are read from the folder `plugins` beside the file.
    static func yaml(upstreamPort: Int) -> String {
        """
        listen: 127.0.0.1:0
        admin: 127.0.0.1:0
        workers: 2
        drain: 5s
        upstreams: { echo: { url: "http://127.0.0.1:\(upstreamPort)" } }
        plugins:
          - name: add-header
            abi: proxy-wasm
            path: plugins/add-header.wasm
            configuration: '{"request": {"x-from": "airlock"}, "response": {"x-served-by": "airlock"}}'
            limits: { fuel: 1000000, memory: 4MiB, deadline: 500ms }
            reload: watch
          - name: auth
            path: plugins/api-key-auth.wasm
            configuration: '{"header": "x-api-key", "keys": ["k1"]}'
            limits: { fuel: 1000000, memory: 4MiB, deadline: 500ms }
          - name: redact
            path: plugins/redact.wasm
            limits: { fuel: 10000000, memory: 4MiB, deadline: 500ms }
          - name: bucket
            path: plugins/token-bucket.wasm
            configuration: '{"capacity": 3, "refillPerSecond": 1, "key": "x-client"}'
            limits: { fuel: 1000000, memory: 4MiB, deadline: 500ms }
          - name: unruly
            path: plugins/unruly.wasm
            limits: { fuel: 5000000, memory: 2MiB, deadline: 1s }
          - name: unruly-rich                 # as much fuel as it likes: only the clock stops it
            path: plugins/unruly.wasm
            limits: { fuel: 1000000000000, memory: 2MiB, deadline: 50ms }
        routes:
          - match: { prefix: /health }
            respond: { status: 200, body: ok }
          - match: { prefix: /private }
            filters: [add-header, auth]
            upstream: echo
          - match: { prefix: /cards }
            filters: [redact]
            upstream: echo
          - match: { prefix: /limited }
            filters: [bucket]
            upstream: echo
          - match: { prefix: /unruly }
            filters: [unruly]
            upstream: echo
          - match: { prefix: /unruly-rich }
            filters: [unruly-rich]
            upstream: echo
          - match: { prefix: / }
            filters: [add-header, redact]
            upstream: echo

        """
    }
}
