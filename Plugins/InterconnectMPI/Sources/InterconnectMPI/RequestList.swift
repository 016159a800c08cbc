import CMPI

/// MPI's requests that are not done, side by side as MPI wants them, and what each is about.
struct RequestList {
  struct Entry {
    /// nil: this rank listens for an abort, or tells of one.
    var operation: Unmanaged<Operation>?
    /// World rank of the other side.
    var peer: Int32
    var isReceive: Bool
    var bytes: Int
  }

  private(set) var count = 0
  private var capacity = 0
  private(set) var requests: UnsafeMutablePointer<dmt_mpi_request>
  private(set) var entries: UnsafeMutablePointer<Entry>
  private(set) var completions: UnsafeMutablePointer<dmt_mpi_completion>
  private var indices: UnsafeMutablePointer<Int32>
  private var statuses: UnsafeMutablePointer<MPI_Status>

  init() {
    requests = .allocate(capacity: 0)
    entries = .allocate(capacity: 0)
    completions = .allocate(capacity: 0)
    indices = .allocate(capacity: 0)
    statuses = .allocate(capacity: 0)
    grow(to: 256)
  }

  func free() {
    requests.deallocate()
    entries.deallocate()
    completions.deallocate()
    indices.deallocate()
    statuses.deallocate()
  }

  mutating func append(_ request: dmt_mpi_request, _ entry: Entry) {
    if count == capacity { grow(to: 2 * capacity) }
    requests[count] = request
    entries[count] = entry
    count += 1
  }

  /// Removes the requests that have become empty; the others change places.
  mutating func compact() {
    var index = 0
    while index < count {
      if dmt_mpi_is_empty(requests[index]) != 0 {
        count -= 1
        requests[index] = requests[count]
        entries[index] = entries[count]
      } else {
        index += 1
      }
    }
  }

  /// Asks MPI what is done: so many of `completions`.
  mutating func test(_ completed: inout Int32) -> Int32 {
    dmt_mpi_test(requests, Int32(count), indices, statuses, completions, &completed)
  }

  private mutating func grow(to size: Int) {
    requests = Self.moved(requests, count, size)
    entries = Self.moved(entries, count, size)
    completions = Self.moved(completions, 0, size)
    indices = Self.moved(indices, 0, size)
    statuses = Self.moved(statuses, 0, size)
    capacity = size
  }

  private static func moved<Element>(
    _ old: UnsafeMutablePointer<Element>, _ count: Int, _ size: Int
  ) -> UnsafeMutablePointer<Element> {
    let new = UnsafeMutablePointer<Element>.allocate(capacity: size)
    new.moveInitialize(from: old, count: count)
    old.deallocate()
    return new
  }
}
