import Airlock

/// A host function that waits until its call is cancelled.
struct Sleeping: Capability {
    static let id: CapabilityID = "test:sleeping"

    /// Says when a guest has come to sleep.
    let begun = Signal()

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("sleep") { (sleeping, _) async throws(HostError) -> Void in
            sleeping.begun.send()
            await waitForCancellation()
        }
    }

    /// A guest that sleeps in its function of that name.
    static let guest = PluginSource.wat(
        #"""
        (module
          (import "test" "sleep" (func $sleep))
          (memory (export "memory") 1)
          (func (export "sleep") call $sleep))
        """#)
}
