/// What a guest may do with a descriptor of WASI preview 1. Source: the witx definition of `rights`.
struct WASIRights: OptionSet, Sendable {
    var rawValue: UInt64

    static let dataSync = Self(rawValue: 1 << 0)
    static let read = Self(rawValue: 1 << 1)
    static let seek = Self(rawValue: 1 << 2)
    static let setFlags = Self(rawValue: 1 << 3)
    static let sync = Self(rawValue: 1 << 4)
    static let tell = Self(rawValue: 1 << 5)
    static let write = Self(rawValue: 1 << 6)
    static let advise = Self(rawValue: 1 << 7)
    static let allocate = Self(rawValue: 1 << 8)
    static let createFolder = Self(rawValue: 1 << 9)
    static let createFile = Self(rawValue: 1 << 10)
    static let linkSource = Self(rawValue: 1 << 11)
    static let linkTarget = Self(rawValue: 1 << 12)
    static let openPath = Self(rawValue: 1 << 13)
    static let readFolder = Self(rawValue: 1 << 14)
    static let readLink = Self(rawValue: 1 << 15)
    static let renameSource = Self(rawValue: 1 << 16)
    static let renameTarget = Self(rawValue: 1 << 17)
    static let pathStatus = Self(rawValue: 1 << 18)
    static let pathSetSize = Self(rawValue: 1 << 19)
    static let pathSetTimes = Self(rawValue: 1 << 20)
    static let status = Self(rawValue: 1 << 21)
    static let setSize = Self(rawValue: 1 << 22)
    static let setTimes = Self(rawValue: 1 << 23)
    static let symlink = Self(rawValue: 1 << 24)
    static let removeFolder = Self(rawValue: 1 << 25)
    static let removeFile = Self(rawValue: 1 << 26)
    static let poll = Self(rawValue: 1 << 27)

    static let input: Self = [.read, .status, .poll]
    static let output: Self = [.write, .status, .poll]
    static let readableFile: Self = [.read, .seek, .tell, .setFlags, .advise, .status, .poll]
    static let writableFile: Self = [
        .write, .seek, .tell, .setFlags, .advise, .status, .poll, .allocate, .dataSync, .sync, .setSize, .setTimes,
    ]
    static let readableFolder: Self = [.openPath, .readFolder, .readLink, .pathStatus, .status, .setFlags]
    static let writableFolder: Self = readableFolder.union([
        .createFolder, .createFile, .linkSource, .linkTarget, .renameSource, .renameTarget, .pathSetSize,
        .pathSetTimes, .setTimes, .symlink, .removeFolder, .removeFile, .sync, .dataSync,
    ])
}
