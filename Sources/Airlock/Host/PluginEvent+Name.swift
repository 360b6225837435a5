extension PluginEvent.Kind {
    /// The name of the case, such as `reloadFailed`: for logs, metrics and interfaces. It stays the same in later versions.
    public var name: String {
        switch self {
        case .loaded: "loaded"
        case .loadFailed: "loadFailed"
        case .reloaded: "reloaded"
        case .reloadFailed: "reloadFailed"
        case .step: "step"
        case .staged: "staged"
        case .trialBegan: "trialBegan"
        case .trialEnded: "trialEnded"
        case .rolledBack: "rolledBack"
        case .stateRestored: "stateRestored"
        case .stateLost: "stateLost"
        case .storeFailed: "storeFailed"
        case .recallFailed: "recallFailed"
        case .drained: "drained"
        case .moduleQuarantined: "moduleQuarantined"
        case .moduleReadmitted: "moduleReadmitted"
        case .decided: "decided"
        case .changeSeen: "changeSeen"
        case .removalSeen: "removalSeen"
        case .folderUnreadable: "folderUnreadable"
        case .sourceUnavailable: "sourceUnavailable"
        case .compiling: "compiling"
        case .compiled: "compiled"
        case .compilationFailed: "compilationFailed"
        case .cacheProblem: "cacheProblem"
        case .instanceDiscarded: "instanceDiscarded"
        case .paused: "paused"
        case .quarantined: "quarantined"
        case .readmitted: "readmitted"
        case .unloaded: "unloaded"
        }
    }
}
