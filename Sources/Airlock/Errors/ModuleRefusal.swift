extension PluginError {
    /// Why a module was refused before it was compiled, in the terms of the host SDK.
    init(_ violation: ModuleBoundsViolation, plugin: String) {
        switch violation {
        case .exceeded(_, let allowed, let found, _):
            self.init(.moduleBounds, plugin: plugin, message: "\(violation)", limit: allowed, used: found)
        case .malformed:
            self.init(.invalidModule, plugin: plugin, message: "\(violation)")
        }
    }
}
