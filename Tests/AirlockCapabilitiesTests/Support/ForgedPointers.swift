/// Offsets and lengths that are not all in a memory of one page: behind its end, across it, below zero, and so that their sum wraps around.
let forgedPointers: [(offset: Int32, count: Int32)] = [
    (65_536, 1), (65_535, 2), (-1, 1), (0, -1), (16, -16), (-1, -1), (.max, .max), (.min, 4),
]
