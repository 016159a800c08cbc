public import CDMTPlugin
public import DMTCore

extension DMTError.Code {
  /// The status that says this across the contract.
  public var status: dmt_status {
    switch self {
    case .invalidArgument, .invalidManifest, .invalidData: DMT_INVALID_ARGUMENT
    case .shapeMismatch: DMT_SHAPE_MISMATCH
    case .notFound: DMT_NOT_FOUND
    case .unsupported: DMT_UNIMPLEMENTED
    case .cancelled: DMT_CANCELLED
    case .io, .interconnectFailed: DMT_UNAVAILABLE
    default: DMT_INTERNAL
    }
  }

  /// What a status other than `DMT_OK` from a plugin means here.
  public init(status: dmt_status) {
    self =
      switch status {
      case DMT_INVALID_ARGUMENT: .invalidArgument
      case DMT_SHAPE_MISMATCH: .shapeMismatch
      case DMT_NOT_FOUND: .notFound
      case DMT_UNIMPLEMENTED: .unsupported
      case DMT_CANCELLED: .cancelled
      default: .pluginFailed
      }
  }
}

/// A status in words, for a plugin that failed without a message.
public func statusName(_ status: dmt_status) -> String {
  switch status {
  case DMT_OK: "ok"
  case DMT_CANCELLED: "cancelled"
  case DMT_INVALID_ARGUMENT: "invalid argument"
  case DMT_SHAPE_MISMATCH: "shape mismatch"
  case DMT_NOT_FOUND: "not found"
  case DMT_RESOURCE_EXHAUSTED: "resource exhausted"
  case DMT_FAILED_PRECONDITION: "failed precondition"
  case DMT_OUT_OF_RANGE: "out of range"
  case DMT_UNIMPLEMENTED: "not implemented"
  case DMT_INTERNAL: "internal error"
  case DMT_UNAVAILABLE: "unavailable"
  default: "status \(status)"
  }
}
