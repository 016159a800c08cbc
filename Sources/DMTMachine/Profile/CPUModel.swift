import Foundation

/// The CPU's model, by which profiles go.
public enum CPUModel {
  /// As the CPU calls itself: `AMD EPYC 9654 96-Core Processor`; the architecture where it does not.
  public static let name = name(in: (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? "")

  /// The model in the text of /proc/cpuinfo.
  static func name(in text: String) -> String {
    var values: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      if parts.count == 2, values[parts[0]] == nil { values[parts[0]] = parts[1] }
    }
    if let model = values["model name"], !model.isEmpty {
      // Family, model and stepping tell CPUs apart whose hypervisor gives them one name.
      let numbers = ["cpu family", "model", "stepping"].compactMap { values[$0] }
      return numbers.isEmpty ? model : "\(model) (\(numbers.joined(separator: "-")))"
    }
    if let part = values["CPU part"] { return "aarch64 \(values["CPU implementer"] ?? "") \(part)" }
    return "unknown CPU"
  }

  /// The model as a part of a file's name.
  static func fileName(_ model: String) -> String {
    let parts = model.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    return parts.filter { !["r", "tm", "cpu", "processor"].contains($0) }.joined(separator: "-")
  }
}
