import Foundation

/// What `make serve` prints.
enum Invitation {
    static func text(_ stage: Stage) -> String {
        let gateway = "http://\(stage.gateway)"
        return """
            The gateway serves at \(gateway) until you press Ctrl-C. Try:

              curl -i \(gateway)/hello                                # headers are added
              curl -i \(gateway)/private                              # 401 without a key
              curl -i \(gateway)/private -H 'x-api-key: k1'           # with one
              curl    \(gateway)/cards                                # a card number, masked
              curl -i \(gateway)/limited -H 'x-client: me'            # 429 at the fourth within a second
              curl -i \(gateway)/unruly -H 'x-unruly: loop'           # stopped by fuel; also: memory, trap, recurse
              curl -i \(gateway)/unruly-rich -H 'x-unruly: loop'      # stopped by its deadline

              curl http://\(stage.admin)/plugins                      # what each plugin used
              curl http://\(stage.admin)/metrics
              curl -N http://\(stage.admin)/events                    # what happens to plugins, as it happens

              cp \(stage.folder.path)/plugins/add-header-v2.wasm \\
                 \(stage.watchedFile.path)     # replaces the running filter
              curl -X POST http://\(stage.admin)/plugins/add-header/rollback   # brings the one before back
            """
    }
}
