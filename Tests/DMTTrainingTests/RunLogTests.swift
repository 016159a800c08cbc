import DMTCore
import DMTTraining
import Foundation
import Testing

@Suite("The log, the progress line and the run folder")
struct RunLogTests {
  private func lines(_ path: String) throws -> [[String: Any]] {
    try String(decoding: contents(path), as: UTF8.self).split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }

  @Test("every line is JSON with event and step, whatever the values are")
  func valid() throws {
    let folder = try TemporaryFolder()
    let log = try RunLog(path: folder.path + "/log.jsonl", keepingSteps: nil)
    try log.write("step", step: 3) {
      $0.add("loss", Float(0.693147))
      $0.add("nan", Float.nan)
      $0.add("small", Float(-1.1754944e-38))
      $0.add("rate", 1.0 / 3 as Double?)
      $0.add("none", nil as Double?)
      $0.add("lowest", Int.min)
      $0.add("zero", 0)
      $0.add("text", "a \"quoted\" \\ text\nwith\u{1} ü \"step\":99")
    }
    let line = try #require(try lines(folder.path + "/log.jsonl").first)
    #expect(line["event"] as? String == "step" && line["step"] as? Int == 3)
    #expect((line["loss"] as? NSNumber)?.floatValue == 0.693147)
    #expect(line["nan"] is NSNull && line["none"] is NSNull)
    #expect((line["small"] as? NSNumber)?.floatValue == -1.1754944e-38)
    #expect((line["rate"] as? NSNumber)?.doubleValue == 1.0 / 3)
    #expect((line["lowest"] as? NSNumber)?.int64Value == .min && line["zero"] as? Int == 0)
    #expect(line["text"] as? String == "a \"quoted\" \\ text\nwith\u{1} ü \"step\":99")
  }

  @Test("resuming keeps the lines up to its step, and drops later ones and one that was cut off")
  func resume() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/log.jsonl"
    do {
      let log = try RunLog(path: path, keepingSteps: nil)
      try log.write("start", step: 0)
      for step in 1...2000 {
        try log.write("step", step: step) { $0.add("text", "\"step\":5000") }
        if step % 100 == 0 { try log.write("evaluation", step: step) }
      }
    }
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.seekToEnd()
    try file.write(contentsOf: Data(#"{"event":"step","step":20"#.utf8))
    try file.close()
    do {
      let log = try RunLog(path: path, keepingSteps: 2001)
      try log.write("resume", step: 2000)
    }
    #expect(try lines(path).count == 1 + 2000 + 20 + 1)
    do {
      let log = try RunLog(path: path, keepingSteps: 1500)
      try log.write("resume", step: 1500)
    }
    let kept = try lines(path)
    #expect(kept.count == 1 + 1500 + 15 + 1)
    #expect(kept.map { $0["step"] as? Int ?? -1 }.max() == 1500)
    #expect(kept.last?["event"] as? String == "resume")
    do { _ = try RunLog(path: path, keepingSteps: nil) }
    #expect(try contents(path).isEmpty)
  }

  @Test("a second user of an open log is refused")
  func lock() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/log.jsonl"
    let log = try RunLog(path: path, keepingSteps: nil)
    let failure = try error { _ = try RunLog(path: path, keepingSteps: 5) }
    #expect(failure.code == .alreadyExists && failure.place.file == path)
    try log.write("step", step: 1)
    #expect(try lines(path).count == 1)
  }

  @Test("the progress line is quiet without a terminal and in the first two seconds, then rewrites in place")
  func progress() {
    final class Screen { var text = "" }
    let screen = Screen()
    var silent = ProgressLine(now: 0, isTerminal: false) { screen.text += $0 }
    silent.update(now: 100, text: "x")
    silent.clear()
    #expect(screen.text == "")
    var line = ProgressLine(now: 10, isTerminal: true) { screen.text += $0 }
    line.update(now: 11.9, text: "early")
    line.clear()
    #expect(screen.text == "")
    line.update(now: 12, text: "one")
    line.update(now: 12.1, text: "too soon")
    line.update(now: 12.3, text: "two")
    line.clear()
    line.clear()
    #expect(screen.text == "\r\u{1B}[Kone\r\u{1B}[Ktwo\r\u{1B}[K")
  }

  @Test("the progress text tells position, loss, rate and the time left")
  func progressText() {
    let text = ProgressLine.text(
      epoch: 0, epochs: 3, step: 120, totalSteps: 576, loss: 0.53214, stepsHere: 120, samples: 491_520, seconds: 12)
    #expect(text == "epoch 1/3  step 120/576  loss 0.5321  41.0k samples/s  ETA 0:46")
    #expect(ProgressLine.duration(11220) == "3:07:00" && ProgressLine.duration(725) == "12:05")
    #expect(ProgressLine.duration(.infinity) == "-" && ProgressLine.duration(.nan) == "-")
    #expect(ProgressLine.fixed(-0.00004, digits: 4) == "0.0000" && ProgressLine.fixed(.nan, digits: 2) == "nan")
    #expect(ProgressLine.fixed(9.99996, digits: 4) == "10.0000" && ProgressLine.fixed(-1.05, digits: 1) == "-1.1")
    #expect(ProgressLine.short(999) == "999" && ProgressLine.short(2_500_000) == "2.5M")
  }

  private func record() -> RunRecord {
    RunRecord(
      name: "goodbooks", program: "0.1.0", manifestPath: "Examples/goodbooks/dmt-dcn.yaml", manifestFingerprint: "m",
      dataFingerprint: "d", seed: .max, threads: 2, backends: ["native", "reference"],
      plugins: [PluginRecord(id: "org.dmt.native", version: "0.1.0", sha256: "aabbccddeeff")],
      createdAt: "2025-01-01T00:00:00Z")
  }

  @Test("a run folder holds manifest and record, refuses to be overwritten, and can be replaced")
  func folder() throws {
    let parent = try TemporaryFolder()
    let run = RunFolder(path: parent.path + "/deep/run//")
    try run.create(manifest: "version: 1\n", record: record())
    #expect(String(decoding: try contents(run.manifestPath), as: UTF8.self) == "version: 1\n")
    var finished = try run.record()
    #expect(finished == record())
    finished.outcome = .init(reason: .completed, step: 7, test: EvaluationResult(auc: 0.5, examples: 3))
    try run.write(finished)
    #expect(try run.record().outcome?.test?.auc == 0.5)

    let failure = try error { try run.create(manifest: "", record: record()) }
    #expect(failure.code == .alreadyExists && failure.place.file == run.path)
    try Data([1]).write(to: URL(fileURLWithPath: run.bestPath))
    try run.create(manifest: "new", record: record(), replacing: true)
    #expect(!FileManager.default.fileExists(atPath: run.bestPath))
  }

  @Test("the weights of a run are the best ones, else the last ones, else an error that says what to do")
  func weights() throws {
    let parent = try TemporaryFolder()
    let run = RunFolder(path: parent.path + "/run")
    #expect(try error { _ = try run.record() }.code == .notFound)
    try run.create(manifest: "", record: record())
    #expect(try error { _ = try run.weightsPath() }.remedy?.contains("before its first checkpoint") == true)
    try Data([1]).write(to: URL(fileURLWithPath: run.checkpointPath))
    #expect(try run.weightsPath() == run.checkpointPath)
    try Data([1]).write(to: URL(fileURLWithPath: run.bestPath))
    #expect(try run.weightsPath() == run.bestPath)
    try Data("{".utf8).write(to: URL(fileURLWithPath: run.recordPath))
    #expect(try error { _ = try run.record() }.code == .invalidData)
  }

  @Test("what changed between a run and its continuation is told in words")
  func differences() {
    var now = record()
    #expect(record().differences(from: now).isEmpty)
    now.threads = 4
    now.plugins = [
      PluginRecord(id: "org.dmt.native", version: "0.2.0", sha256: "001122334455"),
      PluginRecord(id: "org.dmt.new", version: "1.0.0", sha256: "00"),
    ]
    #expect(
      record().differences(from: now) == [
        "threads: 2 before, 4 now", "plugin org.dmt.native: 0.1.0 (aabbccdd) before, 0.2.0 (00112233) now",
        "plugin org.dmt.new: not loaded before, 1.0.0 now",
      ])
  }
}
