internal import DMTCore
internal import Glibc

/// Who may change the files that code is loaded from.
///
/// Refused is what *everybody* may write: the file itself, or a folder in which everybody may put another file in its
/// place. A sticky folder, such as /tmp, protects what this user or root owns in it. Files that a group may write, and
/// files of another user, are taken: whole teams install that way (docs/trust.md). A process with more rights than its user
/// takes nothing of the kind.
struct FilePermissions {
  /// The process runs with more rights than its user.
  var isPrivileged: Bool
  /// The user whose files are safe from others in a sticky folder, beside root.
  var user: uid_t

  init(isPrivileged: Bool = TrustedEnvironment.isPrivileged, user: uid_t = geteuid()) {
    self.isPrivileged = isPrivileged
    self.user = user
  }

  /// Checks a file and the folders from its own up to `top`, both without links.
  ///
  /// - Throws: ``DMTError/Code/pluginRefused`` with the path and the `chmod` that helps.
  func check(_ file: String, upTo top: String) throws(DMTError) {
    try check(file, try Self.status(file))
    var entry = file
    while entry != "/" {
      let folder = Self.parent(of: entry)
      try check(entry: entry, in: folder)
      if folder == top || !folder.hasPrefix(top == "/" ? top : top + "/") { break }
      entry = folder
    }
  }

  /// Checks that not everybody may put something else in an entry's place; the entry may be a link.
  func check(entry: String, in folder: String) throws(DMTError) {
    let status = try Self.status(folder)
    if isPrivileged { try checkOwner(folder, status) }
    guard status.st_mode & S_IWOTH != 0 else { return }
    if status.st_mode & mode_t(S_ISVTX) != 0 {
      var own = stat()
      if lstat(entry, &own) == 0, own.st_uid == 0 || own.st_uid == user { return }
      throw DMTError(
        .pluginRefused,
        "everybody can put files into folder \(folder) (mode \(Self.mode(status))), and \(entry) belongs to user "
          + "\(own.st_uid), neither to this user nor to root",
        remedy: "copy the plugin into a folder of your own")
    }
    throw DMTError(
      .pluginRefused,
      "everybody can write to folder \(folder) (mode \(Self.mode(status))), and so put other code in the place of \(entry)",
      remedy: "chmod o-w \(folder)")
  }

  private func check(_ file: String, _ status: stat) throws(DMTError) {
    if isPrivileged { try checkOwner(file, status) }
    guard status.st_mode & S_IWOTH == 0 else {
      throw DMTError(
        .pluginRefused, "everybody can write to \(file) (mode \(Self.mode(status)))", remedy: "chmod o-w \(file)")
    }
  }

  private func checkOwner(_ path: String, _ status: stat) throws(DMTError) {
    guard status.st_uid == 0 || status.st_uid == user, status.st_mode & S_IWGRP == 0 else {
      throw DMTError(
        .pluginRefused,
        "this process has more rights than its user, and \(path) can be written by user \(status.st_uid)"
          + (status.st_mode & S_IWGRP == 0 ? "" : " and group \(status.st_gid)"),
        remedy: "install the plugin as root: chown root \(path) && chmod go-w \(path)")
    }
  }

  /// What is odd about a file's owners, for those who ask; nil: nothing.
  func remark(on path: String) -> String? {
    guard let status = try? Self.status(path) else { return nil }
    var remarks: [String] = []
    if status.st_uid != 0, status.st_uid != user { remarks.append("belongs to user \(status.st_uid)") }
    if status.st_mode & S_IWGRP != 0, status.st_gid != 0 { remarks.append("can be written by group \(status.st_gid)") }
    return remarks.isEmpty ? nil : "\(path) " + remarks.joined(separator: " and ")
  }

  /// A trust file decides whose code runs: nobody but this user and root may have a hand in it.
  static func checkTrustFile(_ path: String, _ status: stat) throws(DMTError) {
    guard status.st_mode & (S_IWOTH | S_IWGRP) == 0, status.st_uid == 0 || status.st_uid == geteuid() else {
      throw DMTError(
        .pluginRefused,
        "the trust file \(path) can be written by others (user \(status.st_uid), mode \(mode(status)))",
        remedy: "chown \(geteuid()) \(path) && chmod go-w \(path)")
    }
  }

  // MARK: Details

  private static func status(_ path: String) throws(DMTError) -> stat {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw DMTError(.pluginRefused, "\(path) cannot be looked at: \(String(cString: strerror(errno)))")
    }
    return status
  }

  private static func mode(_ status: stat) -> String { "0" + String(status.st_mode & 0o7777, radix: 8) }

  static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
  }
}
