import CLibuv
import Synchronization

/// What a loop's thread, its executors and its handles share: the libuv loop and the queue in front of it.
///
/// Life: `open`, then `run` on the loop's thread until shutdown, or a turn now and then on the thread of the event loop that it is embedded
/// in. The loop's thread runs every job that was accepted before shutdown began, and those that the Swift runtime brings until the queue is empty. A job that comes later
/// still (an executor cannot refuse one) runs on a short-lived thread that takes the loop's place: `isCurrent` is true
/// on it, and jobs run one at a time as ever.
///
/// `@unchecked Sendable`: the queue and the atomic are made for every thread; what is not is said on each property.
@safe  // `uv` is its own, from `init` to `deinit`.
final class LoopCore: @unchecked Sendable {
    /// The jobs run in a row before timers and I/O get their turn.
    private static let drainLimit = 256
    /// A batch buffer that a burst made larger than this is given back.
    private static let keptCapacity = 4096

    let name: String
    let queue = JobQueue()
    /// Used by the loop's thread only, once it runs.
    let uv: UnsafeMutablePointer<uv_loop_t>
    /// The thread that runs the jobs, or 0.
    private let runner = Atomic<UInt>(0)

    // Set by `open`, then constant. The executors own the core; who enqueues a job keeps its executor alive until the
    // job has run, as the runtime asks of everybody.
    private var executors: (serial: UnownedSerialExecutor, task: UnownedTaskExecutor)?
    private var poller: LoopPoller?
    /// The event loop that lends its thread; nil for a loop with a thread of its own.
    private(set) var host: (any HostEventLoop)?

    // Used only by the thread that runs the jobs.
    private var batch: [LoopJob] = []
    private var next = 0
    private(set) var needsDrain = false
    /// Whether what is enqueued now is run without a signal.
    var isTakingTurn = false
    /// What an embedded loop knows about its timers.
    var embedding = LoopEmbedding()

    init(name: String) {
        self.name = name
        unsafe uv = .allocate(capacity: 1)
    }

    deinit {
        unsafe uv.deallocate()
    }

    /// Sets the libuv side up, before the loop's thread starts.
    func open(
        serial: LoopSerialExecutor, task: LoopTaskExecutor, embeddedIn host: (any HostEventLoop)? = nil
    ) throws(LibuvFailure) {
        unsafe executors = (serial.asUnownedSerialExecutor(), task.asUnownedTaskExecutor())
        try LibuvFailure.check(unsafe uv_loop_init(uv), "uv_loop_init")
        self.host = host
        guard host == nil else { return }
        do {
            poller = try unsafe LoopPoller(uv)
        } catch {
            close()
            throw error
        }
    }

    /// Closes every handle and the loop: at the end of the loop's thread, or for a loop that gets no thread.
    func close() {
        unsafe LoopHandle.closeAll(of: uv)
        _ = unsafe uv_run(uv, UV_RUN_DEFAULT)
        poller = nil
        let status = unsafe uv_loop_close(uv)
        assert(status == 0, "a handle of the loop was left open")
    }

    // MARK: From any thread

    @inline(__always)
    var isCurrent: Bool {
        runner.load(ordering: .relaxed) == LoopThread.currentID
    }

    /// Enqueues a job that cannot be refused.
    @inline(__always)
    func enqueue(_ job: LoopJob) {
        fulfil(queue.append(job, refusal: .never))
    }

    /// Enqueues a closure, unless shutdown began.
    func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        let duty = queue.append(.work(work), refusal: .onceClosing)
        fulfil(duty)
        return duty != .refused
    }

    /// Runs what concerns a handle on the loop: now, if this is its thread. After the loop's end there are no handles.
    func onLoop(_ work: @escaping @Sendable () -> Void) {
        if isCurrent {
            work()
        } else {
            fulfil(queue.append(.work(work), refusal: .afterEnd))
        }
    }

    func beginShutdown() {
        fulfil(queue.beginShutdown())
    }

    @inline(__always)
    private func fulfil(_ duty: JobQueue.Duty) {
        switch duty {
        case .none, .refused:
            break
        case .wakeLoop:
            if isCurrent, isTakingTurn {
                needsDrain = true
            } else if let host {
                host.execute { self.takeTurn() }
            } else {
                poller?.signal()
            }
        case .startLateThread:
            startLateThread()
        }
    }

    private func startLateThread() {
        do {
            // The thread is detached when this handle on it goes.
            _ = try LoopThread(name: name) { self.runLate() }
        } catch {
            // The system has no thread left. To run the jobs here is the one way left not to lose them.
            runLate()
        }
    }

    // MARK: On the loop's thread

    /// The whole life of the loop's thread.
    func run() {
        claimThread()
        isTakingTurn = true
        var isSignalled = false
        while true {
            if isSignalled || needsDrain, drain() == .close {
                break
            }
            if needsDrain {
                poller?.runCallbacks()
                isSignalled = false
            } else {
                isSignalled = poller?.wait() ?? false
            }
        }
        end()
    }

    /// From now on this is the thread that runs the jobs.
    func claimThread() {
        runner.store(LoopThread.currentID, ordering: .relaxed)
    }

    /// The end of the loop, after its last turn.
    func end() {
        close()
        runLeftovers()
        let (duty, waiters) = queue.end { runner.store(0, ordering: .relaxed) }
        fulfil(duty)
        for waiter in waiters {
            waiter.resume()
        }
    }

    enum AfterDrain {
        case wait
        case close
    }

    /// Runs jobs until none waits, or until timers and I/O must have their turn.
    func drain() -> AfterDrain {
        needsDrain = false
        var budget = Self.drainLimit
        while true {
            while next < batch.count {
                if budget == 0 {
                    needsDrain = true
                    return queue.mayCloseWithJobsLeft ? .close : .wait
                }
                budget -= 1
                runNext()
            }
            recycleBatch()
            switch queue.take(into: &batch) {
            case .jobs:
                break
            case .empty:
                return .wait
            case .close:
                return .close
            }
        }
    }

    /// What came while the handles were being closed. The wake flag is still up, so nobody has signalled since.
    private func runLeftovers() {
        runBatch()
        if case .jobs = queue.take(into: &batch) {
            runBatch()
        }
    }

    private func runBatch() {
        while next < batch.count {
            runNext()
        }
        recycleBatch()
    }

    @inline(__always)
    private func runNext() {
        var job = LoopJob.taken
        swap(&job, &batch[next])
        next += 1
        switch job {
        case .actor(let job):
            if let executor = unsafe executors?.serial {
                unsafe job.runSynchronously(on: executor)
            }
        case .task(let job):
            if let executor = unsafe executors?.task {
                unsafe job.runSynchronously(on: executor)
            }
        case .work(let work):
            work()
        case .taken:
            break
        }
        queue.finishJob()
    }

    private func recycleBatch() {
        next = 0
        batch.removeAll(keepingCapacity: batch.capacity <= Self.keptCapacity)
    }

    // MARK: On a late thread

    /// Takes the loop's place until no job is left.
    private func runLate() {
        runner.store(LoopThread.currentID, ordering: .relaxed)
        while queue.takeLate(into: &batch, release: { runner.store(0, ordering: .relaxed) }) {
            runBatch()
        }
    }
}
