internal import CDMTHostShims
internal import FoundationEssentials

/// The environment, as far as this process may listen to it.
public enum TrustedEnvironment {
  /// The variables of this process; none when it runs with more rights than its user (set-uid, set-gid, capabilities), for
  /// whom the user might choose what code runs.
  public static var variables: [String: String] { variables(isPrivileged: isPrivileged) }

  /// The process runs with more rights than its user: the kernel's AT_SECURE.
  public static var isPrivileged: Bool { dmt_is_privileged() != 0 }

  static func variables(isPrivileged: Bool) -> [String: String] {
    isPrivileged ? [:] : ProcessInfo.processInfo.environment
  }
}
